with

days as (select * from {{ ref('int_listening_by_day') }}),

-- Weeks with plays only: a silent week says nothing about how much somebody usually listens.
weeks as (

    select * from {{ ref('int_listening_by_week') }}
    where plays > 0

),

plays as (

    select * from {{ ref('fct_plays') }}
    where listened_ms_source = 'export'

),

tracks as (select * from {{ ref('int_tracks') }}),

thresholds as (

    select
        max(case when threshold = 'day_hours_from' then value end) as day_hours_from,
        max(case when threshold = 'week_times_median_from' then value end) as week_times_median_from,
        max(case when threshold = 'week_minutes_from' then value end) as week_minutes_from,
        max(case when threshold = 'week_median_weeks_least' then value end) as week_median_weeks_least,
        max(case when threshold = 'week_median_weeks_most' then value end) as week_median_weeks_most,
        max(case when threshold = 'play_times_length_from' then value end) as play_times_length_from
    from {{ ref('anomaly_thresholds') }}

),

long_days as (

    select
        'day longer than a day' as kind,
        days.user_id,
        days.listening_date as from_date,
        cast(null as {{ dbt.type_string() }}) as play_id,
        days.minutes_listened / 60 as observed,
        24.0 as expected,
        thresholds.day_hours_from as threshold,
        'hours' as unit
    from days
    inner join thresholds
        on days.minutes_listened / 60 >= thresholds.day_hours_from

),

long_day_messages as (

    select
        *,
        'On ' || {{ as_text('from_date') }} || ' there are ' || {{ as_text('observed', decimals=1) }}
        || ' hours of listening, more than a day has.' as message
    from long_days

),

numbered_weeks as (

    select
        user_id,
        week_start,
        minutes_listened,
        row_number() over (
            partition by user_id
            order by week_start
        ) as week_number
    from weeks

),

preceding_weeks as (

    select
        numbered_weeks.user_id,
        numbered_weeks.week_start,
        numbered_weeks.minutes_listened,
        {{ median('preceding.minutes_listened') }} as median_minutes,
        count(*) as weeks
    from numbered_weeks
    inner join thresholds
        on numbered_weeks.minutes_listened >= thresholds.week_minutes_from
    inner join numbered_weeks as preceding
        on
            numbered_weeks.user_id = preceding.user_id
            and numbered_weeks.week_number > preceding.week_number
            and numbered_weeks.week_number - thresholds.week_median_weeks_most <= preceding.week_number
    group by
        numbered_weeks.user_id,
        numbered_weeks.week_start,
        numbered_weeks.minutes_listened

),

busy_weeks as (

    select
        'week far above the usual' as kind,
        preceding_weeks.user_id,
        preceding_weeks.week_start as from_date,
        cast(null as {{ dbt.type_string() }}) as play_id,
        preceding_weeks.minutes_listened as observed,
        preceding_weeks.median_minutes as expected,
        preceding_weeks.median_minutes * thresholds.week_times_median_from as threshold,
        'minutes' as unit,
        preceding_weeks.weeks
    from preceding_weeks
    inner join thresholds
        on
            preceding_weeks.weeks >= thresholds.week_median_weeks_least
            and preceding_weeks.minutes_listened >= preceding_weeks.median_minutes * thresholds.week_times_median_from

),

busy_week_messages as (

    select
        *,
        'In the week of ' || {{ as_text('from_date') }} || ' there are ' || {{ as_text('observed', decimals=0) }}
        || ' minutes of listening; usual are ' || {{ as_text('expected', decimals=0) }}
        || ', the median of the ' || {{ as_text('weeks') }} || ' weeks with listening before.' as message
    from busy_weeks

),

long_plays as (

    select
        'play far longer than its track' as kind,
        plays.user_id,
        plays.listening_date as from_date,
        plays.play_id,
        {{ minutes('plays.listened_ms') }} as observed,
        {{ minutes('tracks.duration_ms') }} as expected,
        {{ minutes('tracks.duration_ms') }} * thresholds.play_times_length_from as threshold,
        'minutes' as unit,
        coalesce(tracks.track_name, 'a track without a title') as track_name
    from plays
    inner join tracks
        on plays.track_id = tracks.track_id
    inner join thresholds
        on
            tracks.duration_ms > 0
            and plays.listened_ms >= tracks.duration_ms * thresholds.play_times_length_from

),

long_play_messages as (

    select
        *,
        'On ' || {{ as_text('from_date') }} || ' one play of ' || track_name || ' lasted '
        || {{ as_text('observed', decimals=1) }} || ' minutes; the track has '
        || {{ as_text('expected', decimals=1) }} || '.' as message
    from long_plays

),

united as (

    {%- for messages in ['long_day_messages', 'busy_week_messages', 'long_play_messages'] %}

    select
        kind,
        user_id,
        from_date,
        play_id,
        observed,
        expected,
        threshold,
        unit,
        message
    from {{ messages }}
    {% if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

final as (

    select
        {{ hashed_id(['kind', 'user_id', 'from_date', "coalesce(play_id, '')"]) }} as anomaly_id,
        kind,
        user_id,
        from_date,
        play_id,
        observed,
        expected,
        threshold,
        unit,
        message
    from united

)

select * from final
