{#- Whole milliseconds from one timestamp to another; negative when the second comes first. -#}
{% macro milliseconds_between(from_timestamp, to_timestamp) -%}
    {{ return(adapter.dispatch('milliseconds_between', 'spotiflow')(from_timestamp, to_timestamp)) }}
{%- endmacro %}

{% macro default__milliseconds_between(from_timestamp, to_timestamp) -%}
    date_diff('millisecond', {{ from_timestamp }}, {{ to_timestamp }})
{%- endmacro %}

{% macro spark__milliseconds_between(from_timestamp, to_timestamp) -%}
    (unix_millis({{ to_timestamp }}) - unix_millis({{ from_timestamp }}))
{%- endmacro %}
