select
    threshold,
    value,
    unit,
    rationale
from anomaly_thresholds
order by threshold
