{#-
    Post-hook of a versioned model's latest version: points the plain name at it. `fct_feature_similarity` is then
    always the version that readers should use, while older versions stay available under their numbered names.
    A table that bears the plain name, from before the model had versions, makes way.
-#}
{% macro point_name_at_latest_version() -%}
    {%- if execute and model.version == model.latest_version -%}
        {%- set unversioned = adapter.get_relation(this.database, this.schema, model.name) -%}
        {%- if unversioned is not none and unversioned.type == 'table' -%}
            {%- do adapter.drop_relation(unversioned) -%}
        {%- endif -%}
        create or replace view {{ this.schema }}.{{ model.name }} as select * from {{ this.schema }}.{{ this.identifier }}
    {%- endif -%}
{%- endmacro %}
