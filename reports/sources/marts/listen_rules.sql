select
    version,
    minimum_listened_ms,
    minimum_track_share
from listen_rules
order by version
