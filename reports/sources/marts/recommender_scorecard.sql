-- All weeks of each recommender together
select
    recommender,
    recommender_version,
    metric,
    horizon,
    horizon_days,
    metric_value,
    metric_null_reason,
    answers,
    listeners,
    clusters,
    interval_scope,
    interval_low,
    interval_high,
    interval_null_reason
from recommender_scorecard
where week_start is null
order by metric, horizon, recommender, recommender_version
