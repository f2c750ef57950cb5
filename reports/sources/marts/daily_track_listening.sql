select
    user_id,
    listening_date::varchar as listening_date,
    track_name,
    artist_name,
    plays,
    listens,
    minutes_listened,
    positivity_score,
    vibe
from daily_track_listening
order by user_id, listening_date, listens desc, minutes_listened desc, track_id
