{#-
    A whole number that changes when one of `columns` (SQL expressions, in this order) changes; nulls count as values.
    For telling whether rows changed, on one engine: another engine, or another version of it, may give other numbers,
    and rows are then made anew.
-#}
{% macro fingerprint(columns) -%}
    {{ return(adapter.dispatch('fingerprint', 'spotiflow')(columns)) }}
{%- endmacro %}

{% macro default__fingerprint(columns) -%}
    cast(hash({{ columns | join(', ') }}) >> 1 as bigint)
{%- endmacro %}

{% macro spark__fingerprint(columns) -%}
    xxhash64({{ columns | join(', ') }})
{%- endmacro %}
