-- All weeks of each listener together; one part per recommender
select
    recommender as part,
    recommender,
    recommender_version,
    user_id,
    metric,
    horizon,
    horizon_days,
    metric_value,
    metric_null_reason,
    answers,
    weeks,
    interval_low,
    interval_high,
    interval_null_reason
from recommender_listener_scorecard
order by recommender, user_id, metric, horizon
