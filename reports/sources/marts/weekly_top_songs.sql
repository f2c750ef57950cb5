select
    user_id,
    week_start::varchar as week_start,
    top_song_number,
    track_name,
    artist_name,
    plays,
    listens,
    minutes_listened,
    energy_score,
    musicality_score,
    positivity_score,
    vibe,
    score_null_reason
from weekly_top_songs
order by user_id, week_start, top_song_number
