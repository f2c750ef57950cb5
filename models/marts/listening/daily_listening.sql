with

by_day as (

    select * from {{ ref('int_listening_by_day') }}

),

scores as (

    select * from {{ ref('int_daily_scores') }}

),

calendar as (

    select * from {{ ref('int_definition_calendar') }}

),

vibe_thresholds as (

    select * from {{ ref('vibe_thresholds') }}

),

gaps as (

    select * from {{ ref('int_poll_gaps') }}

),

spans as (

    select
        user_id,
        min(listening_date) as first_date,
        max(listening_date) as last_date
    from by_day
    group by user_id

),

-- Every day from a listener's first to last play, silent days too.
days as (

    select
        user_id,
        {{ explode_dates('first_date', 'last_date') }} as listening_date
    from spans

),

days_with_week as (

    select
        user_id,
        listening_date,
        {{ week_start('listening_date') }} as week_start
    from days

),

gap_days as (

    select distinct
        days.user_id,
        days.listening_date
    from days
    inner join gaps
        on
            days.user_id = gaps.user_id
            and days.listening_date between gaps.first_gap_date and gaps.last_gap_date

),

wide_scores as (

    select
        user_id,
        listening_date,
        {{ score_column('energy') }} as energy_score,
        {{ score_column('musicality') }} as musicality_score,
        {{ score_column('positivity') }} as positivity_score
    from scores
    group by
        user_id,
        listening_date

),

final as (

    select
        days_with_week.user_id,
        days_with_week.listening_date,
        days_with_week.week_start,
        coalesce(by_day.plays, 0) as plays,
        coalesce(by_day.listens, 0) as listens,
        coalesce(by_day.unique_tracks, 0) as unique_tracks,
        coalesce(by_day.minutes_listened, 0) as minutes_listened,
        coalesce(by_day.scored_listens, 0) as scored_listens,
        {%- for feature in audio_features() %}
        by_day.{{ feature }}_pct,
        {%- endfor %}
        wide_scores.energy_score,
        wide_scores.musicality_score,
        wide_scores.positivity_score,
        vibe_thresholds.vibe,
        cast(by_day.scored_listens as double) / nullif(by_day.listens, 0) * 100 as feature_coverage_pct,
        gap_days.user_id is not null as has_gap,
        calendar.score_weights_version,
        calendar.vibe_thresholds_version,
        calendar.listen_rules_version
    from days_with_week
    inner join calendar
        on days_with_week.week_start = calendar.week_start
    left join by_day
        on
            days_with_week.user_id = by_day.user_id
            and days_with_week.listening_date = by_day.listening_date
    left join wide_scores
        on
            days_with_week.user_id = wide_scores.user_id
            and days_with_week.listening_date = wide_scores.listening_date
    left join gap_days
        on
            days_with_week.user_id = gap_days.user_id
            and days_with_week.listening_date = gap_days.listening_date
    left join vibe_thresholds
        on
            calendar.vibe_thresholds_version = vibe_thresholds.version
            and {{ is_in_band('by_day.valence_pct', 'vibe_thresholds') | indent(12) }}

)

select * from final
