select
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
    recommendations,
    scored_recommendations,
    actual_provider,
    is_same_provider
from fct_feature_similarity
order by recommender, user_id, week_start, top_song_number, audio_feature
