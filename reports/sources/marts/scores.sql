select
    score,
    score_order,
    label,
    meaning
from scores
order by score_order
