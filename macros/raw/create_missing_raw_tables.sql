{#-
    Creates every raw table that does not exist yet, empty, from the columns that the sources' YAML declares, so
    that `dbt build` works on a clone that has loaded nothing. A table that an older version loaded gets the columns
    that have come since, empty, so that nobody has to load again; otherwise tables that exist are left alone (dlt
    owns them). Runs before each dbt command.

    Nothing is looked up first: that would open a transaction which dbt rolls back after the hook.
-#}
{% macro create_missing_raw_tables() -%}
    {%- if execute -%}
        {%- for schema in graph.sources.values() | map(attribute='schema') | unique -%}
            {%- do run_query('create schema if not exists ' ~ schema) -%}
        {%- endfor -%}
        {%- for source in graph.sources.values() -%}
            {%- set table = source.schema ~ '.' ~ source.identifier -%}
            {%- set columns = [] -%}
            {%- for column in source.columns.values() -%}
                {%- do columns.append(column.name ~ ' ' ~ column.data_type) -%}
            {%- endfor -%}
            {%- do run_query('create table if not exists ' ~ table ~ ' (' ~ columns | join(', ') ~ ')') -%}
            {%- do spotiflow.add_missing_columns(table, source.columns.values() | list) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
