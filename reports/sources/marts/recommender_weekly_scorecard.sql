-- Each week of each recommender; one part per metric
select
    metric as part,
    recommender,
    recommender_version,
    week_start::varchar as week_start,
    horizon,
    metric_value,
    metric_null_reason,
    answers,
    interval_low,
    interval_high,
    interval_null_reason
from recommender_scorecard
where week_start is not null
order by metric, horizon, week_start, recommender, recommender_version
