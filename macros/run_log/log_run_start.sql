{#-
    on-run-start: one row for a dbt run that writes or tests tables, with what decides its outcome. A run that is killed
    leaves its row without `finished_at`: what it changed is unknown. `dbt compile` and `dbt docs generate` run this hook
    too, but write nothing.
-#}
{% macro log_run_start() %}
    {% if execute and spotiflow.run_is_logged() %}
        {#- Only flags that change what the tables hold; those that are off stay out. -#}
        {% set changing_flags = {} %}
        {% for flag in ['empty', 'sample', 'defer', 'event_time_start', 'event_time_end'] %}
            {% if invocation_args_dict.get(flag) %}
                {% do changing_flags.update({flag: invocation_args_dict.get(flag) | string}) %}
            {% endif %}
        {% endfor %}
        {% do run_query(spotiflow.run_log_tables_sql()) %}
        {% do run_query(
            "insert into run_log.dbt_runs "
            ~ "(invocation_id, started_at, command, invocation, vars, flags, raw_fingerprint, project_fingerprint) select "
            ~ spotiflow.text_literal(invocation_id) ~ ", "
            ~ spotiflow.timestamp_literal(run_started_at) ~ ", "
            ~ spotiflow.text_literal(flags.WHICH) ~ ", "
            ~ spotiflow.text_literal(invocation_args_dict.get('invocation_command')) ~ ", "
            ~ spotiflow.text_literal(invocation_args_dict.get('vars') or {}) ~ ", "
            ~ spotiflow.text_literal(tojson(changing_flags)) ~ ", "
            ~ "(select coalesce(md5(string_agg(load_id, ',' order by load_id)), '') "
            ~ "from raw_spotify._dlt_loads where status = 0), "
            ~ "(" ~ spotiflow.fingerprint_of_what_was_read_sql() ~ ")"
        ) %}
    {% endif %}
{% endmacro %}


{% macro fingerprint_of_what_was_read_sql() %}
    {#- Null when a file changed after dbt began to read the project: then the files are not what this run builds.
        `spotiflow` reads the project before the run, and says when. DuckDB knows times of change to the second. -#}
    {% set read_at = env_var('SPOTIFLOW_PROJECT_READ_AT', run_started_at.strftime('%Y-%m-%d %H:%M:%S.%f+00')) %}
    select case when newest_change < date_trunc('second', timestamptz '{{ read_at }}') then fingerprint end
    from ({{ spotiflow.project_fingerprint_sql(invocation_args_dict['project_dir'].rstrip('/')) }})
{% endmacro %}


{% macro run_is_logged() %}
    {#- Whether the running dbt command writes or tests tables; publishing, which asks the log, knows DuckDB alone. -#}
    {{ return(target.type == 'duckdb' and flags.WHICH in ['build', 'run', 'seed', 'snapshot', 'test', 'retry', 'clone']) }}
{% endmacro %}


{% macro run_log_tables_sql() %}
    create schema if not exists run_log;
    create table if not exists run_log.dbt_runs (
        invocation_id varchar,
        started_at timestamp,
        finished_at timestamp,
        command varchar,
        invocation varchar,
        vars varchar,
        flags varchar,
        raw_fingerprint varchar,
        project_fingerprint varchar
    );
    create table if not exists run_log.dbt_results (
        invocation_id varchar,
        unique_id varchar,
        resource_type varchar,
        status varchar,
        failures bigint
    );
{% endmacro %}


{% macro text_literal(value) %}
    {#- A SQL string literal of any value; null for none. -#}
    {%- if value is none -%}{{ return('null') }}{%- endif -%}
    {{ return("'" ~ (value | string | replace("'", "''")) ~ "'") }}
{% endmacro %}


{% macro timestamp_literal(value) %}
    {#- A SQL timestamp literal (UTC) of a datetime. -#}
    {{ return("timestamp '" ~ value.strftime('%Y-%m-%d %H:%M:%S.%f') ~ "'") }}
{% endmacro %}
