{#-
    What engagement is measured by. Of each: `name`; `part` and `known`: what is summed up over plays (or listens) of
    int_engagement_by_track, so that part / known is a percentage.
-#}
{% macro engagement_outcomes() -%}
    {{ return([
        {'name': 'completion', 'column': 'completion', 'part': 'completion_sum_pct', 'known': 'completion_known_plays'},
        {'name': 'skip rate', 'column': 'skip_rate', 'part': '100 * skipped_plays', 'known': 'skip_known_plays'},
        {'name': 'repeat rate', 'column': 'repeat_rate', 'part': '100 * repeated_listens', 'known': 'repeat_known_listens'},
    ]) }}
{%- endmacro %}

{#- What an interval speaks of, by the kind of cluster that it runs over (int_interval_clusters). -#}
{% macro interval_scope(cluster_kind) -%}
    case {{ cluster_kind }} when 'weeks' then 'within this listener' else 'across listeners' end
{%- endmacro %}
