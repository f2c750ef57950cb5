select
    user_id as part,
    user_id,
    other_user_id,
    shared_tracks,
    tracks_of_either,
    shared_artists,
    top_shared_artist_name,
    feature_similarity_pct,
    feature_similarity_null_reason,
    scored_listens,
    other_scored_listens
from listener_similarity
order by user_id, other_user_id
