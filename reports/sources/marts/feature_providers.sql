select
    provider,
    priority,
    rationale
from feature_providers
order by priority
