select
    version,
    vibe,
    lower_pct,
    lower_inclusive,
    upper_pct,
    upper_inclusive,
    colour,
    emoji,
    vibe_order
from marts.vibe_thresholds
order by version, vibe_order
