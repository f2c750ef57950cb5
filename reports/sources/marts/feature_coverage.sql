select
    user_id,
    provider,
    tracks,
    listens,
    minutes_listened,
    listens_share_pct
from feature_coverage
order by user_id, provider
