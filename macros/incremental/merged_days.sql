{#- The days of int_plays_merged: user_id, day, inputs_fingerprint. -#}
{% macro merged_days() -%}
    select
        report_days.user_id,
        report_days.ended_on as day,
        -- The engine counts as well: with another version it may know other rules of time zones.
        {{ spotiflow.fingerprint([
            'report_days.fingerprint_of_days_around', 'merge_rules.fingerprint', 'version()',
            "'" ~ spotiflow.code_fingerprint() ~ "'"
        ]) }} as inputs_fingerprint
    from {{ ref('int_play_report_days') }} as report_days
    cross join (
        select sum(cast({{ spotiflow.fingerprint(['rule', 'value']) }} as decimal(38, 0))) as fingerprint
        from {{ ref('play_merge_rules') }}
    ) as merge_rules
{%- endmacro %}

{#- The days of fct_plays: what was merged on them, and the listen rules of their weeks. -#}
{% macro play_days() -%}
    select
        weeks.user_id,
        weeks.day,
        -- A day of UTC can lie in two local weeks, with two rules; which rule is whose counts too.
        {{ spotiflow.fingerprint([
            'min(weeks.inputs_fingerprint)', 'min(weeks.rule_fingerprint)', 'max(weeks.rule_fingerprint)', 'count(*)',
            "'" ~ spotiflow.code_fingerprint() ~ "'"
        ]) }} as inputs_fingerprint
    from (
        select distinct
            plays.user_id,
            cast(plays.played_at as date) as day,
            plays.inputs_fingerprint,
            plays.week_start,
            {{ spotiflow.fingerprint([
                'plays.week_start', 'listen_rules.version', 'listen_rules.minimum_listened_ms',
                'listen_rules.minimum_track_share'
            ]) }} as rule_fingerprint
        from {{ ref('int_plays_merged') }} as plays
        inner join {{ ref('int_definition_calendar') }} as calendar
            on plays.week_start = calendar.week_start
        left join {{ ref('listen_rules') }} as listen_rules
            on calendar.listen_rules_version = listen_rules.version
    ) as weeks
    group by
        weeks.user_id,
        weeks.day
{%- endmacro %}
