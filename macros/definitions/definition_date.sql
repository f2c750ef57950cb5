{#-
    A date given by `--vars`, as an ISO string, or none when it was not given. Anything that is not a date stops the
    run before a model is built: a typing error must not silently mean "no restriction".
-#}
{% macro definition_date(name) -%}
    {%- set value = var(name, none) -%}
    {%- if value is none or value | string | trim == '' -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set text = value | string | trim -%}
    {%- if not modules.re.match('^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$', text) -%}
        {%- do exceptions.raise_compiler_error(
            'The variable ' ~ name ~ ' must be a date such as 2026-03-30, but it is "' ~ text ~ '".'
        ) -%}
    {%- endif -%}
    {{ return(text) }}
{%- endmacro %}

{#-
    The day whose definition versions count as current: `definitions_as_of` when given, else
    `definitions_known_at`, else the day of the run (UTC).
-#}
{% macro definitions_current_on() -%}
    {{ return(
        spotiflow.definition_date('definitions_as_of')
        or spotiflow.definition_date('definitions_known_at')
        or run_started_at.strftime('%Y-%m-%d')
    ) }}
{%- endmacro %}
