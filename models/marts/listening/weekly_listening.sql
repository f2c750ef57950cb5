with

by_week as (

    select * from {{ ref('int_listening_by_week') }}

),

days as (

    select * from {{ ref('daily_listening') }}

),

scores as (

    select * from {{ ref('int_weekly_scores') }}

),

vibe_thresholds as (

    select * from {{ ref('vibe_thresholds') }}

),

-- daily_listening is dense, so these are all weeks from a listener's first to last play. A week has one
-- definition version, so any of its days tells which.
weeks as (

    select
        user_id,
        week_start,
        count(*) as days_observed,
        bool_or(has_gap) as has_gap,
        max(score_weights_version) as score_weights_version,
        max(vibe_thresholds_version) as vibe_thresholds_version,
        max(listen_rules_version) as listen_rules_version
    from days
    group by
        user_id,
        week_start

),

wide_scores as (

    select
        user_id,
        week_start,
        {{ score_column('energy') }} as energy_score,
        {{ score_column('musicality') }} as musicality_score,
        {{ score_column('positivity') }} as positivity_score
    from scores
    group by
        user_id,
        week_start

),

measured as (

    select
        weeks.user_id,
        weeks.week_start,
        coalesce(by_week.plays, 0) as plays,
        coalesce(by_week.listens, 0) as listens,
        coalesce(by_week.unique_tracks, 0) as unique_tracks,
        coalesce(by_week.minutes_listened, 0) as minutes_listened,
        coalesce(by_week.scored_listens, 0) as scored_listens,
        {%- for feature in audio_features() %}
        by_week.{{ feature }}_pct,
        {%- endfor %}
        wide_scores.energy_score,
        wide_scores.musicality_score,
        wide_scores.positivity_score,
        vibe_thresholds.vibe,
        cast(by_week.scored_listens as double) / nullif(by_week.listens, 0) * 100 as feature_coverage_pct,
        weeks.has_gap,
        weeks.score_weights_version,
        weeks.vibe_thresholds_version,
        weeks.listen_rules_version,
        weeks.days_observed,
        coalesce(by_week.active_days, 0) as active_days,
        cast(coalesce(by_week.listens, 0) as double) / weeks.days_observed as listens_per_day,
        weeks.days_observed = 7 as is_complete_week,
        coalesce(by_week.new_tracks, 0) as new_tracks,
        coalesce(by_week.new_artists, 0) as new_artists
    from weeks
    left join by_week
        on
            weeks.user_id = by_week.user_id
            and weeks.week_start = by_week.week_start
    left join wide_scores
        on
            weeks.user_id = wide_scores.user_id
            and weeks.week_start = wide_scores.week_start
    left join vibe_thresholds
        on
            weeks.vibe_thresholds_version = vibe_thresholds.version
            and {{ is_in_band('by_week.valence_pct', 'vibe_thresholds') | indent(12) }}

),

-- Weeks are dense, so the previous row is the week before.
with_previous as (

    select
        *,
        lag(is_complete_week) over (
            partition by user_id
            order by week_start
        ) as previous_is_complete_week,
        lag(score_weights_version) over (
            partition by user_id
            order by week_start
        ) as previous_score_weights_version,
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
        ) as previous_listens,
        lag(energy_score) over (
            partition by user_id
            order by week_start
        ) as previous_energy_score,
        lag(musicality_score) over (
            partition by user_id
            order by week_start
        ) as previous_musicality_score,
        lag(positivity_score) over (
            partition by user_id
            order by week_start
        ) as previous_positivity_score
    from measured

),

-- A part of a week is not compared with a whole one: sums change by what was not observed. Means may be compared, but
-- nothing is across definitions: the change would be that of the definition.
with_comparable as (

    select
        *,
        is_complete_week and previous_is_complete_week as are_both_complete,
        listen_rules_version = previous_listen_rules_version as have_same_listens,
        listen_rules_version = previous_listen_rules_version
        and score_weights_version = previous_score_weights_version as have_same_scores
    from with_previous

),

final as (

    select
        user_id,
        week_start,
        plays,
        listens,
        unique_tracks,
        minutes_listened,
        scored_listens,
        {%- for feature in audio_features() %}
        {{ feature }}_pct,
        {%- endfor %}
        energy_score,
        musicality_score,
        positivity_score,
        vibe,
        feature_coverage_pct,
        has_gap,
        score_weights_version,
        vibe_thresholds_version,
        listen_rules_version,
        days_observed,
        active_days,
        listens_per_day,
        is_complete_week,
        new_tracks,
        new_artists,
        previous_minutes_listened,
        case when are_both_complete then minutes_listened - previous_minutes_listened end as minutes_listened_change,
        case
            when are_both_complete
                then (minutes_listened - previous_minutes_listened) / nullif(previous_minutes_listened, 0) * 100
        end as minutes_listened_change_pct,
        case when are_both_complete and have_same_listens then listens - previous_listens end as listens_change,
        case when have_same_scores then energy_score - previous_energy_score end as energy_score_change_pp,
        case when have_same_scores then musicality_score - previous_musicality_score end as musicality_score_change_pp,
        case when have_same_scores then positivity_score - previous_positivity_score end as positivity_score_change_pp
    from with_comparable

)

select * from final
