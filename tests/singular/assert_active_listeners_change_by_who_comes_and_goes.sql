-- A returned row is a week whose active listeners are not those of the week before, plus new and resurrected, less lost
-- ones; or one whose week before is missing though it is not the first.
with

engagement as (select * from {{ ref('weekly_engagement') }}),

with_previous as (

    select
        *,
        lag(active_listeners) over (
            partition by segment_kind, segment
            order by week_start
        ) as previous_active_listeners,
        lag(week_start) over (
            partition by segment_kind, segment
            order by week_start
        ) as previous_week_start
    from engagement

)

select
    segment_kind,
    segment,
    week_start,
    previous_active_listeners,
    active_listeners
from with_previous
where
    previous_week_start <> {{ add_days('week_start', -7) }}
    or active_listeners
    <> coalesce(previous_active_listeners, 0) + new_listeners + resurrected_listeners - lost_listeners
