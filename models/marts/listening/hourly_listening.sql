with

plays as (select * from {{ ref('fct_plays') }}),

final as (

    select
        user_id,
        week_start,
        cast({{ days_between('week_start', 'listening_date') }} + 1 as integer) as day_of_week,
        listening_hour as hour_of_day,
        count(*) as plays,
        count(case when is_listen then 1 end) as listens,
        coalesce({{ minutes('sum(listened_ms)') }}, 0) as minutes_listened,
        listen_rules_version
    from plays
    group by
        user_id,
        week_start,
        {{ days_between('week_start', 'listening_date') }},
        listening_hour,
        listen_rules_version

)

select * from final
