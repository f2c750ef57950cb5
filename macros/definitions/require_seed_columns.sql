{#-
    Post-hook of the seeds: the file's first line names the columns that the YAML describes, in that order. Without
    it a file saved with semicolons would load as one odd column, and only tests on its columns would stumble.
-#}
{% macro require_seed_columns() -%}
    {%- if execute -%}
        {%- set wanted = model.columns.keys() | list -%}
        {%- set found = adapter.get_columns_in_relation(this) | map(attribute='name') | list -%}
        {%- if found != wanted -%}
            {%- do exceptions.raise_compiler_error(
                'The first line of ' ~ model.original_file_path ~ ' has to be ' ~ wanted | join(',')
                ~ ' but is ' ~ found | join(',') ~ '.'
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
