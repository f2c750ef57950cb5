select
    md5(segment_kind || ' ' || segment) as part,
    week_start::varchar as week_start,
    is_complete_week,
    listeners,
    observed_listeners,
    active_listeners,
    new_listeners,
    returning_listeners,
    resurrected_listeners,
    lost_listeners,
    unobserved_lost_listeners,
    listens,
    minutes_listened,
    minutes_per_active_listener,
    per_listener_null_reason
from weekly_engagement
order by part, week_start
