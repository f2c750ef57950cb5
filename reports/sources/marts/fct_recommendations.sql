-- Only the tracks that a prediction for a Top Song is made of
select
    recommender,
    recommender_version,
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
    days_until_listened
from fct_recommendations
where is_prediction
    and top_song_number is not null
order by recommender, user_id, week_start, top_song_number, position
