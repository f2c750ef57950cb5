{#-
    Post-hook of a versioned model's latest version: points the plain name at it. `fct_feature_similarity` is then
    always the version that readers should use, while older versions stay available under their numbered names.
-#}
{% macro point_name_at_latest_version() -%}
    {%- if model.version == model.latest_version -%}
        create or replace view {{ this.schema }}.{{ model.name }} as select * from {{ this.schema }}.{{ this.identifier }}
    {%- endif -%}
{%- endmacro %}
