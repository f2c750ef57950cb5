select
    score,
    label,
    meaning,
    first_version,
    last_version
from marts.scores
order by score_order
