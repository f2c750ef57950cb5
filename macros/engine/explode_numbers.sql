{#-
    In a select list: one row for each whole number from `first` to `last`, both included.
    Nulls give no row.
-#}
{% macro explode_numbers(first, last) -%}
    {{ return(adapter.dispatch('explode_numbers', 'spotiflow')(first, last)) }}
{%- endmacro %}

{% macro default__explode_numbers(first, last) -%}
    unnest(generate_series(cast({{ first }} as bigint), cast({{ last }} as bigint)))
{%- endmacro %}

{% macro spark__explode_numbers(first, last) -%}
    explode(sequence(cast({{ first }} as bigint), cast({{ last }} as bigint)))
{%- endmacro %}
