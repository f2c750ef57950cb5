{% macro log_run_results(results) %}
    {#- on-run-end: what became of every node of this run, with a checksum of the code that ran.
        Only dbt itself knows this reliably: `target/run_results.json` is overwritten by any command. -#}
    {% if execute and spotiflow_is_logged() %}
        {% set rows = [] %}
        {% for result in results %}
            {% set node = result.node %}
            {% if node.resource_type in ['model', 'seed', 'snapshot', 'test', 'unit_test'] %}
                {% set times = result.timing | map(attribute='completed_at') | select | list %}
                {% set executed_at = times[-1] if times else modules.datetime.datetime.now(modules.pytz.utc) %}
                {% do rows.append(
                    "(" ~ spotiflow_text(invocation_id) ~ ", "
                    ~ spotiflow_text(node.unique_id) ~ ", "
                    ~ spotiflow_text(node.resource_type) ~ ", "
                    ~ spotiflow_text(result.status) ~ ", "
                    ~ (result.failures if result.failures is not none else 'null') ~ ", "
                    ~ spotiflow_text((result.message | string | truncate(4000, true)) if result.message else none) ~ ", "
                    ~ spotiflow_text(spotiflow_checksum(node.unique_id)) ~ ", "
                    ~ spotiflow_timestamp(executed_at) ~ ")"
                ) %}
            {% endif %}
        {% endfor %}
        {% for batch in rows | batch(1000) %}
            {% do run_query(
                "insert into workflow.dbt_results (invocation_id, unique_id, resource_type, status, failures, message, checksum, executed_at) values "
                ~ batch | join(', ')
            ) %}
        {% endfor %}
        {#- Last: a run counts as finished only when all its results are written. -#}
        {% do run_query(
            "update workflow.dbt_runs set finished_at = "
            ~ spotiflow_timestamp(modules.datetime.datetime.now(modules.pytz.utc))
            ~ " where invocation_id = " ~ spotiflow_text(invocation_id)
        ) %}
    {% endif %}
{% endmacro %}


{% macro spotiflow_checksum(unique_id) %}
    {#- md5 over everything in the project that decides what a node does: its code or data, the settings that
        dbt acts on, its contract, and the project's macros behind it. `spotiflow/checksums.py` computes the same
        from the files on disk; a test keeps the two equal. -#}
    {% set node = graph.unit_tests[unique_id] if unique_id in graph.unit_tests else graph.nodes[unique_id] %}
    {% set config = node.config %}
    {% set checksum = node.checksum %}
    {% set parts = [
        node.resource_type,
        node.schema,
        node.alias,
        checksum if checksum is string else (checksum or {}).get('checksum'),
        node.raw_code,
        (node.contract or {}).get('checksum'),
    ] %}
    {% for key in [
        'materialized', 'incremental_strategy', 'unique_key', 'on_schema_change', 'column_types', 'delimiter',
        'quote_columns', 'severity', 'where', 'limit', 'fail_calc', 'warn_if', 'error_if', 'pre-hook', 'post-hook',
    ] %}
        {% do parts.append(config.get(key)) %}
    {% endfor %}
    {#- A unit test judges its model's code: its pass is worth nothing once that code has changed. -#}
    {% if node.resource_type == 'unit_test' %}
        {% for parent in node.depends_on.nodes %}
            {% if parent.startswith('model.') %}{% do parts.append(spotiflow_checksum(parent)) %}{% endif %}
        {% endfor %}
    {% endif %}
    {% set waiting = node.depends_on.get('macros', []) | list %}
    {% set seen = [] %}
    {% for _ in range(10000) if waiting %}
        {% set macro_id = waiting.pop() %}
        {% if macro_id.startswith('macro.' ~ project_name ~ '.') and macro_id not in seen %}
            {% do seen.append(macro_id) %}
            {% do waiting.extend(context[macro_id.split('.')[-1]].macro.depends_on.macros) %}
        {% endif %}
    {% endfor %}
    {% for macro_id in seen | sort %}
        {% do parts.append(context[macro_id.split('.')[-1]].macro.macro_sql) %}
    {% endfor %}
    {% set texts = [] %}
    {% for part in parts %}{% do texts.append('' if part is none or part is undefined else part | string) %}{% endfor %}
    {{ return(local_md5(texts | join('\x1f'))) }}
{% endmacro %}
