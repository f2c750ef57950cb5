select
    user_id,
    provider_or_reason,
    provider,
    features_null_reason,
    tracks,
    listens,
    minutes_listened,
    listens_share_pct
from feature_coverage
order by user_id, provider_or_reason
