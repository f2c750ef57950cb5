select
    anomaly_id,
    kind,
    user_id,
    from_date::varchar as from_date,
    threshold,
    unit,
    message
from listening_anomalies
order by from_date, kind, anomaly_id
