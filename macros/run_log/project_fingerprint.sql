{#-
    SQL for one row about the files that decide what a build makes of given raw data: their fingerprint, and when the
    newest of them was last changed. dbt runs it when a run starts; `spotiflow` renders this same file for the project
    on disk.
-#}
{% macro project_fingerprint_sql(root) -%}
    select
        md5(string_agg(substr(filename, {{ root | length }} + 1) || md5(content), ',' order by filename))
            as fingerprint,
        max(last_modified) as newest_change
    from read_blob([
        {%- for name in [
            'dbt_project.yml', 'profiles.yml', 'models/**', 'seeds/**', 'macros/**', 'tests/generic/**',
            'tests/singular/**', 'spotiflow/recommend/*.py', 'requirements/**'
        ] %}
        '{{ (root ~ '/' ~ name) | replace("'", "''") }}'{{ ',' if not loop.last }}
        {%- endfor %}
    ])
    -- Editors and file managers leave hidden files.
    where not contains(substr(filename, {{ root | length }} + 1), '/.')
{%- endmacro %}
