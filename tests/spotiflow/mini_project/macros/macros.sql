{% macro generate_schema_name(custom_schema_name, node) %}{{ custom_schema_name or target.schema }}{% endmacro %}

{% macro create_raw() %}
    {% if execute %}
        {% do run_query("create schema if not exists raw_spotify") %}
        {% do run_query("create table if not exists raw_spotify._dlt_loads (load_id varchar, schema_name varchar, status bigint, inserted_at timestamptz, schema_version_hash varchar)") %}
        {% do run_query("create table if not exists raw_spotify.plays (play_id varchar, points bigint)") %}
    {% endif %}
{% endmacro %}

{% macro doubled(expression) %}2 * {{ bracketed(expression) }}{% endmacro %}

{% macro bracketed(expression) %}({{ expression }}){% endmacro %}

{% test above_zero(model, column_name) %}
    select * from {{ model }} where {{ column_name }} <= 0
{% endtest %}
