-- Predicted and actual over all listeners; one part per recommender and year, and one for all weeks
select
    recommender || ' ' || coalesce(strftime(week_start, '%Y'), period) as part,
    recommender,
    recommender_version,
    week_start::varchar as week_start,
    top_songs,
    audio_feature,
    predictions,
    listeners,
    predicted_pct,
    actual_pct,
    difference_pp,
    similarity_pct,
    similarity_null_reason,
    similarity_interval_low,
    similarity_interval_high,
    chance_difference_pp,
    chance_null_reason,
    skill,
    skill_null_reason,
    skill_interval_low,
    skill_interval_high,
    interval_null_reason
from recommender_feature_scorecard
order by part, recommender_version, week_start, top_songs, audio_feature
