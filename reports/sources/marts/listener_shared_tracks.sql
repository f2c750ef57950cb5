select
    user_id as part,
    user_id,
    other_user_id,
    shared_track_number,
    track_id,
    track_name,
    artist_name,
    listens,
    other_listens,
    vibe
from listener_shared_tracks
order by user_id, other_user_id, shared_track_number
