select
    recommender || ' ' || user_id || strftime(week_start, '%Y') as part,
    recommender,
    recommender_version,
    user_id,
    week_start::varchar as week_start,
    top_song_number,
    audio_feature,
    predicted_pct,
    actual_pct,
    difference_pp,
    similarity_pct,
    chance_difference_pp,
    similarity_null_reason,
    chance_null_reason,
    recommendations,
    scored_recommendations,
    actual_provider,
    is_same_provider
from fct_feature_similarity
order by part, week_start, top_song_number, audio_feature
