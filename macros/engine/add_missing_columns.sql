{#- Adds the columns that a table does not have yet, empty. `columns`: {'name', 'data_type'} of each. -#}
{% macro add_missing_columns(table, columns) -%}
    {{ return(adapter.dispatch('add_missing_columns', 'spotiflow')(table, columns)) }}
{%- endmacro %}

{% macro default__add_missing_columns(table, columns) -%}
    {%- set statements = [] -%}
    {%- for column in columns -%}
        {%- do statements.append(
            'alter table ' ~ table ~ ' add column if not exists '
            ~ column.name ~ ' ' ~ column.data_type
        ) -%}
    {%- endfor -%}
    {%- do run_query(statements | join('; ')) -%}
{%- endmacro %}

{% macro spark__add_missing_columns(table, columns) -%}
    {%- set present = run_query('describe table ' ~ table).columns[0].values() | map('lower') | list -%}
    {%- for column in columns if column.name | lower not in present -%}
        {%- do run_query(
            'alter table ' ~ table ~ ' add columns ('
            ~ column.name ~ ' ' ~ column.data_type ~ ')'
        ) -%}
    {%- endfor -%}
{%- endmacro %}
