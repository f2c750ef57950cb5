-- A returned row is a listener's week that differs from the sum of its days, or that has no days.
with

days as (

    select
        user_id,
        week_start,
        count(*) as days_observed,
        count(case when plays > 0 then 1 end) as active_days,
        sum(plays) as plays,
        sum(listens) as listens,
        sum(minutes_listened) as minutes_listened,
        sum(scored_listens) as scored_listens,
        sum(skipped_plays) as skipped_plays,
        sum(skip_known_plays) as skip_known_plays,
        sum(completion_known_plays) as completion_known_plays
    from {{ ref('daily_listening') }}
    group by
        user_id,
        week_start

),

weeks as (

    select * from {{ ref('weekly_listening') }}

)

select
    coalesce(days.user_id, weeks.user_id) as user_id,
    coalesce(days.week_start, weeks.week_start) as week_start,
    days.minutes_listened as minutes_of_days,
    weeks.minutes_listened
from days
full outer join weeks
    on
        days.user_id = weeks.user_id
        and days.week_start = weeks.week_start
where
    days.user_id is null
    or weeks.user_id is null
    or days.days_observed <> weeks.days_observed
    or days.active_days <> weeks.active_days
    or days.plays <> weeks.plays
    or days.listens <> weeks.listens
    or days.scored_listens <> weeks.scored_listens
    or days.skipped_plays <> weeks.skipped_plays
    or days.skip_known_plays <> weeks.skip_known_plays
    or days.completion_known_plays <> weeks.completion_known_plays
    or abs(days.minutes_listened - weeks.minutes_listened) > 0.000001
