{#-
    A select with every row of the relation (user_id, week_start and others) in three scopes: all weeks together, its
    week, and all weeks of its listener. `week` and `listener` are 'all' where a scope does not tell them apart.
-#}
{% macro in_scopes(relation) -%}
    {%- for scope in ['all weeks', 'week', 'listener'] %}
    select
        '{{ scope }}' as scope,
        {{ spotiflow.as_text(relation ~ '.week_start') if scope == 'week' else "'all'" }} as week,
        {{ relation ~ '.user_id' if scope == 'listener' else "'all'" }} as listener,
        {{ relation }}.*
    from {{ relation }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
