-- A returned row is a listener's week whose hours do not add up to it: plays, listens or minutes differ.
with

hours as (

    select
        user_id,
        week_start,
        count(distinct day_of_week) as active_days,
        sum(plays) as plays,
        sum(listens) as listens,
        sum(minutes_listened) as minutes_listened
    from {{ ref('hourly_listening') }}
    group by
        user_id,
        week_start

),

weeks as (

    select * from {{ ref('weekly_listening') }}

)

select
    coalesce(weeks.user_id, hours.user_id) as user_id,
    coalesce(weeks.week_start, hours.week_start) as week_start,
    weeks.minutes_listened,
    hours.minutes_listened as minutes_of_hours
from weeks
full outer join hours
    on
        weeks.user_id = hours.user_id
        and weeks.week_start = hours.week_start
where
    weeks.user_id is null
    or weeks.active_days <> coalesce(hours.active_days, 0)
    or weeks.plays <> coalesce(hours.plays, 0)
    or weeks.listens <> coalesce(hours.listens, 0)
    or abs(weeks.minutes_listened - coalesce(hours.minutes_listened, 0)) > 0.000001
