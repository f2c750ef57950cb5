-- The outcome of each prediction; one part per recommender, listener and year
select
    recommender || ' ' || user_id || strftime(week_start, '%Y') as part,
    recommender,
    variant,
    week_start::varchar as week_start,
    top_song_number,
    similarity_pct,
    similarity_null_reason,
    skill,
    skill_null_reason,
    is_hit_short_horizon,
    short_horizon_null_reason,
    is_hit_long_horizon,
    long_horizon_null_reason
from fct_predictions
order by part, week_start, top_song_number
