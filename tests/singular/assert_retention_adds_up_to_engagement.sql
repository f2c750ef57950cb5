-- A returned row is a cohort that retention and engagement do not count alike: the listeners of a cohort week are the
-- new listeners of that week, and nobody is missing from the weeks after it.
with

engagement as (

    select * from {{ ref('weekly_engagement') }}
    where new_listeners > 0

),

retention as (

    select
        segment_kind,
        segment,
        cohort_week,
        min(cohort_listeners) as fewest_listeners,
        max(cohort_listeners) as most_listeners,
        count(*) as weeks,
        max(weeks_since) as last_week
    from {{ ref('weekly_retention') }}
    group by
        segment_kind,
        segment,
        cohort_week

)

select
    coalesce(engagement.segment, retention.segment) as segment,
    coalesce(engagement.week_start, retention.cohort_week) as cohort_week,
    engagement.new_listeners,
    retention.fewest_listeners,
    retention.most_listeners
from engagement
full outer join retention
    on
        engagement.segment_kind = retention.segment_kind
        and engagement.segment = retention.segment
        and engagement.week_start = retention.cohort_week
where
    engagement.week_start is null
    or retention.cohort_week is null
    or retention.fewest_listeners <> engagement.new_listeners
    or retention.most_listeners <> engagement.new_listeners
    or retention.weeks <> retention.last_week + 1
