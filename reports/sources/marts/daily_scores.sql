select
    user_id as part,
    user_id,
    listening_date::varchar as listening_date,
    score,
    score_value,
    score_null_reason,
    score_weights_version
from daily_scores
order by user_id, listening_date, score
