{#- Aggregate: the median of a column, the mean of the middle two when there is no middle one. Nulls play no part. -#}
{% macro median(column) -%}
    {{ return(adapter.dispatch('median', 'spotiflow')(column)) }}
{%- endmacro %}

{% macro default__median(column) -%}
    median({{ column }})
{%- endmacro %}

{% macro spark__median(column) -%}
    percentile({{ column }}, 0.5)
{%- endmacro %}
