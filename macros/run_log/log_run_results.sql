{#-
    on-run-end: what became of every model, seed and test of this run. Only dbt itself knows this reliably:
    `target/run_results.json` is overwritten by any command.
-#}
{% macro log_run_results(results) %}
    {% if execute and spotiflow.run_is_logged() %}
        {% set rows = [] %}
        {% for result in results if result.node.resource_type in ['model', 'seed', 'snapshot', 'test', 'unit_test'] %}
            {% do rows.append(
                "(" ~ spotiflow.text_literal(invocation_id) ~ ", "
                ~ spotiflow.text_literal(result.node.unique_id) ~ ", "
                ~ spotiflow.text_literal(result.node.resource_type) ~ ", "
                ~ spotiflow.text_literal(result.status) ~ ", "
                ~ (result.failures if result.failures is not none else 'null') ~ ")"
            ) %}
        {% endfor %}
        {% for batch in rows | batch(1000) %}
            {% do run_query("insert into run_log.dbt_results values " ~ batch | join(', ')) %}
        {% endfor %}
        {#- Last: a run counts as finished only when all its results are written. -#}
        {% do run_query(
            "update run_log.dbt_runs set finished_at = "
            ~ spotiflow.timestamp_literal(modules.datetime.datetime.now(modules.pytz.utc))
            ~ " where invocation_id = " ~ spotiflow.text_literal(invocation_id)
        ) %}
    {% endif %}
{% endmacro %}
