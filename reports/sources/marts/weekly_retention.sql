select
    md5(segment_kind || ' ' || segment) as part,
    cohort_week::varchar as cohort_week,
    weeks_since,
    cohort_listeners,
    observed_listeners,
    kept_listeners,
    retention_pct,
    retention_null_reason
from weekly_retention
order by part, cohort_week, weeks_since
