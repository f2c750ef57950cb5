-- A returned row is a week whose engagement is not that of its listeners: active listeners, listens or minutes of
-- everybody differ from those of weekly_listening, or a week is missing.
with

weeks as (

    select
        week_start,
        count(case when listens > 0 then 1 end) as active_listeners,
        sum(listens) as listens,
        sum(minutes_listened) as minutes_listened
    from {{ ref('weekly_listening') }}
    group by week_start

),

engagement as (

    select * from {{ ref('weekly_engagement') }}
    where segment_kind = 'everybody'

)

select
    coalesce(weeks.week_start, engagement.week_start) as week_start,
    weeks.active_listeners,
    engagement.active_listeners as found_active_listeners
from engagement
full outer join weeks
    on engagement.week_start = weeks.week_start
where
    engagement.week_start is null
    or coalesce(weeks.active_listeners, 0) <> engagement.active_listeners
    or coalesce(weeks.listens, 0) <> engagement.listens
    or abs(coalesce(weeks.minutes_listened, 0) - engagement.minutes_listened) > 0.001
