-- Only the tracks that a prediction for a Top Song is made of
select
    recommender || ' ' || user_id || strftime(week_start, '%Y') as part,
    recommender,
    user_id,
    week_start::varchar as week_start,
    top_song_number,
    position,
    track_id,
    track_name,
    artist_name,
    danceability_pct,
    energy_pct,
    liveness_pct,
    acousticness_pct,
    instrumentalness_pct,
    speechiness_pct,
    valence_pct,
    is_new_to_listener,
    is_listened_after,
    days_until_listened,
    long_horizon_null_reason,
    plays_within_long_horizon,
    listens_within_long_horizon,
    skipped_plays_within_long_horizon,
    is_saved,
    is_liked,
    is_disliked,
    rating_pct
from fct_recommendations
where is_prediction
    and top_song_number is not null
order by part, week_start, top_song_number, position
