with

plays as (select * from {{ ref('int_plays_with_features') }}),

calendar as (select * from {{ ref('int_definition_calendar') }}),

gaps as (select * from {{ ref('int_poll_gaps') }}),

summed as (

    select
        user_id,
        listening_date,
        {{ listening_measures() | indent(8) }}
    from plays
    group by
        user_id,
        listening_date

),

spans as (

    select
        user_id,
        min(listening_date) as first_date,
        max(listening_date) as last_date
    from summed
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

dense as (

    select
        days_with_week.user_id,
        days_with_week.listening_date,
        days_with_week.week_start,
        {{ listening_measures_or_zero('summed') | trim | indent(8) }},
        gap_days.user_id is not null as has_gap,
        calendar.score_weights_version,
        calendar.vibe_thresholds_version,
        calendar.listen_rules_version
    from days_with_week
    inner join calendar
        on days_with_week.week_start = calendar.week_start
    left join summed
        on
            days_with_week.user_id = summed.user_id
            and days_with_week.listening_date = summed.listening_date
    left join gap_days
        on
            days_with_week.user_id = gap_days.user_id
            and days_with_week.listening_date = gap_days.listening_date

),

final as (

    select
        *,
        {{ share_pct('scored_listens', 'listens') }} as feature_coverage_pct,
        {{ score_null_reason() | indent(8) }} as score_null_reason,
        {{ share_pct('skipped_plays', 'skip_known_plays') }} as skip_rate_pct,
        {{ skip_null_reason() | indent(8) }} as skip_null_reason,
        {{ completion_null_reason() | indent(8) }} as completion_null_reason
    from dense

)

select * from final
