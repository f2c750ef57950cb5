{#- A text in which several spaces in a row are one. -#}
{% macro single_spaces(text) -%}
    {{ return(adapter.dispatch('single_spaces', 'spotiflow')(text)) }}
{%- endmacro %}

{% macro default__single_spaces(text) -%}
    regexp_replace({{ text }}, ' +', ' ', 'g')
{%- endmacro %}

{% macro spark__single_spaces(text) -%}
    regexp_replace({{ text }}, ' +', ' ')
{%- endmacro %}
