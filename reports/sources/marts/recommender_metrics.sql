select
    metric,
    metric_order,
    label,
    unit,
    lowest,
    highest,
    better,
    uses_horizon,
    has_interval,
    meaning
from recommender_metrics
order by metric_order
