select
    provider,
    priority,
    is_asked_by_track,
    rationale
from feature_providers
order by priority
