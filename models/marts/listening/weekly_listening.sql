with

weeks as (select * from {{ ref('int_listening_by_week') }}),

scores as (select * from {{ ref('weekly_scores') }}),

vibe_thresholds as (select * from {{ ref('vibe_thresholds') }}),

-- All scores of a week rest on the same listens and versions, so they share the reason for having no change.
wide_scores as (

    select
        user_id,
        week_start,
        {{ score_column('energy') }} as energy_score,
        {{ score_column('musicality') }} as musicality_score,
        {{ score_column('positivity') }} as positivity_score,
        {{ score_column('energy', 'score_change_pp') }} as energy_score_change_pp,
        {{ score_column('musicality', 'score_change_pp') }} as musicality_score_change_pp,
        {{ score_column('positivity', 'score_change_pp') }} as positivity_score_change_pp,
        max(change_null_reason) as score_change_null_reason
    from scores
    group by
        user_id,
        week_start

),

-- Weeks are dense, so the previous row is the week before.
with_previous as (

    select
        *,
        days_observed = 7 as is_complete_week,
        lag(week_start) over (
            partition by user_id
            order by week_start
        ) as previous_week_start,
        lag(days_observed = 7) over (
            partition by user_id
            order by week_start
        ) as previous_is_complete_week,
        lag(listen_rules_version) over (
            partition by user_id
            order by week_start
        ) as previous_listen_rules_version,
        lag(minutes_listened) over (
            partition by user_id
            order by week_start
        ) as previous_minutes_listened,
        lag(listens) over (
            partition by user_id
            order by week_start
        ) as previous_listens
    from weeks

),

-- A part of a week is not compared with a whole one: sums change by what was not observed. Nor is anything compared
-- across definitions: the change would be that of the definition.
with_reasons as (

    select
        *,
        case
            when previous_week_start is null then 'no week before'
            when not (is_complete_week and previous_is_complete_week) then 'incomplete week'
        end as minutes_change_null_reason,
        case
            when previous_week_start is null then 'no week before'
            when not (is_complete_week and previous_is_complete_week) then 'incomplete week'
            when previous_minutes_listened = 0 then 'silent week before'
        end as minutes_change_pct_null_reason,
        case
            when previous_week_start is null then 'no week before'
            when not (is_complete_week and previous_is_complete_week) then 'incomplete week'
            when listen_rules_version <> previous_listen_rules_version then 'other definitions'
        end as listens_change_null_reason
    from with_previous

),

final as (

    select
        weeks.user_id,
        weeks.week_start,
        weeks.plays,
        weeks.listens,
        weeks.unique_tracks,
        weeks.minutes_listened,
        weeks.scored_listens,
        {%- for feature in audio_features() %}
        weeks.{{ feature }}_pct,
        {%- endfor %}
        wide_scores.energy_score,
        wide_scores.musicality_score,
        wide_scores.positivity_score,
        vibe_thresholds.vibe,
        weeks.feature_coverage_pct,
        weeks.score_null_reason,
        weeks.skipped_plays,
        weeks.skip_known_plays,
        weeks.skip_rate_pct,
        weeks.skip_null_reason,
        weeks.completion_known_plays,
        weeks.completion_pct,
        weeks.completion_null_reason,
        weeks.has_gap,
        weeks.score_weights_version,
        weeks.vibe_thresholds_version,
        weeks.listen_rules_version,
        weeks.days_observed,
        weeks.active_days,
        cast(weeks.listens as double) / weeks.days_observed as listens_per_day,
        weeks.is_complete_week,
        weeks.new_tracks,
        weeks.returning_tracks,
        weeks.unique_artists,
        weeks.new_artists,
        weeks.returning_artists,
        weeks.previous_minutes_listened,
        case
            when weeks.minutes_change_null_reason is null
                then weeks.minutes_listened - weeks.previous_minutes_listened
        end as minutes_listened_change,
        weeks.minutes_change_null_reason,
        case
            when weeks.minutes_change_pct_null_reason is null
                then (weeks.minutes_listened - weeks.previous_minutes_listened) / weeks.previous_minutes_listened * 100
        end as minutes_listened_change_pct,
        weeks.minutes_change_pct_null_reason,
        case
            when weeks.listens_change_null_reason is null
                then weeks.listens - weeks.previous_listens
        end as listens_change,
        weeks.listens_change_null_reason,
        wide_scores.energy_score_change_pp,
        wide_scores.musicality_score_change_pp,
        wide_scores.positivity_score_change_pp,
        wide_scores.score_change_null_reason
    from with_reasons as weeks
    left join wide_scores
        on
            weeks.user_id = wide_scores.user_id
            and weeks.week_start = wide_scores.week_start
    left join vibe_thresholds
        on
            weeks.vibe_thresholds_version = vibe_thresholds.version
            and {{ is_in_band('weeks.valence_pct', 'vibe_thresholds') | indent(12) }}

)

select * from final
