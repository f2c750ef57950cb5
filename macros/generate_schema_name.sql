{#-
    Schemas carry exactly the names in dbt_project.yml (staging, intermediate, marts, definitions), whatever the
    target: everybody builds in a warehouse file of their own, so no prefix is needed to keep people apart.
-#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ target.schema if custom_schema_name is none else custom_schema_name | trim }}
{%- endmacro %}
