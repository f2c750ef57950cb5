{#-
    In place of dbt's macro of this name: the columns of a seed's table have the types that its YAML gives as data_type,
    so that column_types need not repeat them.
-#}
{% macro create_csv_table(model, agate_table) -%}
    {%- for column in model.columns.values() -%}
        {%- do model.config.column_types.update({column.name: column.data_type}) -%}
    {%- endfor -%}
    {{ return(adapter.dispatch('create_csv_table', 'dbt')(model, agate_table)) }}
{%- endmacro %}
