select
    score,
    score_order,
    label,
    meaning
from marts.scores
order by score_order
