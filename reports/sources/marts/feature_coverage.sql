select
    user_id,
    provider_or_reason,
    provider,
    tracks,
    listens,
    listens_share_pct
from feature_coverage
order by user_id, provider_or_reason
