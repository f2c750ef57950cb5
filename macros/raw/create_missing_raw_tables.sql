{#-
    Creates every raw table that does not exist yet, empty, from the columns that the sources' YAML declares, so
    that `dbt build` works on a clone that has loaded nothing. Runs before each dbt command; tables that exist are
    left alone, whatever their columns (dlt owns them).

    Nothing is looked up first: that would open a transaction which dbt rolls back after the hook.
-#}
{% macro create_missing_raw_tables() -%}
    {%- if execute -%}
        {%- for schema in graph.sources.values() | map(attribute='schema') | unique -%}
            {%- do run_query('create schema if not exists ' ~ schema) -%}
        {%- endfor -%}
        {%- for source in graph.sources.values() -%}
            {%- set columns = [] -%}
            {%- for column in source.columns.values() -%}
                {%- do columns.append(column.name ~ ' ' ~ spotiflow.column_type(column.data_type)) -%}
            {%- endfor -%}
            {%- do run_query(
                'create table if not exists ' ~ source.schema ~ '.' ~ source.identifier
                ~ ' (' ~ columns | join(', ') ~ ')'
            ) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
