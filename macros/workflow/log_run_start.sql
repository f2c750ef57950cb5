{% macro log_run_start() %}
    {#- on-run-start: notes that a dbt run began, on which raw data and with which settings.
        A run that is killed leaves its row without `finished_at`, which `spotiflow publish` reads as
        "what this run changed is unknown". `dbt compile` and `dbt docs generate` run this hook too, but neither
        write tables nor reach on-run-end: they are not logged. `dbt source freshness` reaches both, and only looks. -#}
    {% if execute and spotiflow_is_logged() %}
        {% do run_query(spotiflow_log_tables_sql()) %}
        {#- Only flags that change what the tables hold; those that are off stay out. -#}
        {% set settings = {} %}
        {% for flag in ['empty', 'sample', 'defer', 'event_time_start', 'event_time_end'] %}
            {% if invocation_args_dict.get(flag) %}
                {% do settings.update({flag: invocation_args_dict.get(flag) | string}) %}
            {% endif %}
        {% endfor %}
        {% do run_query(
            "insert into workflow.dbt_runs (invocation_id, started_at, command, invocation, vars, flags, target, dbt_version, raw_fingerprint) values ("
            ~ spotiflow_text(invocation_id) ~ ", "
            ~ spotiflow_timestamp(run_started_at) ~ ", "
            ~ spotiflow_text(flags.WHICH) ~ ", "
            ~ spotiflow_text(invocation_args_dict.get('invocation_command')) ~ ", "
            ~ spotiflow_text(invocation_args_dict.get('vars') or {}) ~ ", "
            ~ spotiflow_text(tojson(settings)) ~ ", "
            ~ spotiflow_text(target.name) ~ ", "
            ~ spotiflow_text(dbt_version) ~ ", "
            ~ spotiflow_text(spotiflow_raw_fingerprint())
            ~ ")"
        ) %}
    {% endif %}
{% endmacro %}


{% macro spotiflow_is_logged() %}
    {#- Whether the running dbt command writes or tests tables. -#}
    {{ return(flags.WHICH in ['build', 'run', 'seed', 'snapshot', 'test', 'retry', 'clone']) }}
{% endmacro %}


{% macro spotiflow_log_tables_sql() %}
    create schema if not exists workflow;
    create table if not exists workflow.dbt_runs (
        invocation_id varchar,
        started_at timestamp,
        finished_at timestamp,
        command varchar,
        invocation varchar,
        vars varchar,
        flags varchar,
        target varchar,
        dbt_version varchar,
        raw_fingerprint varchar
    );
    create table if not exists workflow.dbt_results (
        invocation_id varchar,
        unique_id varchar,
        resource_type varchar,
        status varchar,
        failures bigint,
        message varchar,
        checksum varchar,
        executed_at timestamp
    );
{% endmacro %}


{% macro spotiflow_raw_fingerprint() %}
    {#- md5 over the ids of all completed dlt loads: equal fingerprints mean equal raw data. '' before the first load. -#}
    {% set exists = run_query(
        "select count(*) from information_schema.tables where table_schema = 'raw_spotify' and table_name = '_dlt_loads'"
    ).columns[0].values()[0] %}
    {% if not exists %}{{ return('') }}{% endif %}
    {{ return(run_query(
        "select coalesce(md5(string_agg(load_id, ',' order by load_id)), '') from raw_spotify._dlt_loads where status = 0"
    ).columns[0].values()[0]) }}
{% endmacro %}


{% macro spotiflow_text(value) %}
    {#- A SQL string literal of any value; null for none. -#}
    {%- if value is none -%}{{ return('null') }}{%- endif -%}
    {{ return("'" ~ (value | string | replace("'", "''")) ~ "'") }}
{% endmacro %}


{% macro spotiflow_timestamp(value) %}
    {#- A SQL timestamp literal (UTC) of a datetime. -#}
    {{ return("timestamp '" ~ value.strftime('%Y-%m-%d %H:%M:%S.%f') ~ "'") }}
{% endmacro %}
