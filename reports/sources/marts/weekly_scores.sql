select
    user_id || strftime(week_start, '%Y') as part,
    user_id,
    week_start::varchar as week_start,
    score,
    score_value,
    score_null_reason,
    previous_score_value,
    score_change_pp,
    change_null_reason,
    score_weights_version
from weekly_scores
order by part, week_start, score
