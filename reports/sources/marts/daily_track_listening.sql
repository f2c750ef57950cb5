select
    user_id || strftime(listening_date, '%Y') as part,
    listening_date::varchar as listening_date,
    track_id,
    track_name,
    artist_name,
    plays,
    listens,
    minutes_listened,
    positivity_score,
    vibe
from daily_track_listening
order by part, listening_date, listens desc, minutes_listened desc, track_id
