{#-
    In a select list: one row for each date from `first_date` to `last_date`, both included.
    Nulls give no row.
-#}
{% macro explode_dates(first_date, last_date) -%}
    {{ return(adapter.dispatch('explode_dates', 'spotiflow')(first_date, last_date)) }}
{%- endmacro %}

{% macro default__explode_dates(first_date, last_date) -%}
    cast(unnest(generate_series(
        cast({{ first_date }} as timestamp), cast({{ last_date }} as timestamp), interval 1 day
    )) as date)
{%- endmacro %}

{% macro spark__explode_dates(first_date, last_date) -%}
    explode(sequence({{ first_date }}, {{ last_date }}, interval 1 day))
{%- endmacro %}
