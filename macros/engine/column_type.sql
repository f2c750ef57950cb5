{#- The engine's name of a column type that the sources' YAML writes in DuckDB's words. -#}
{% macro column_type(data_type) -%}
    {{ return(adapter.dispatch('column_type', 'spotiflow')(data_type)) }}
{%- endmacro %}

{% macro default__column_type(data_type) -%}
    {{ return(data_type) }}
{%- endmacro %}

{% macro spark__column_type(data_type) -%}
    {{ return('string' if data_type == 'varchar' else data_type) }}
{%- endmacro %}
