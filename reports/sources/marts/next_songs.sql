select
    user_id as part,
    user_id,
    suggestion_number,
    track_id,
    track_name,
    artist_name,
    has_spotify_page,
    vibe,
    recommenders,
    seed_track_id,
    seed_track_name,
    seed_artist_name,
    closest_feature_1,
    closest_feature_1_seed_pct,
    closest_feature_1_track_pct,
    closest_feature_2,
    closest_feature_2_seed_pct,
    closest_feature_2_track_pct,
    closest_null_reason
from next_songs
order by user_id, suggestion_number
