select
    user_id || strftime(week_start, '%Y') as part,
    user_id,
    week_start::varchar as week_start,
    top_song_number,
    track_id,
    track_name,
    artist_name,
    listens,
    minutes_listened,
    energy_score,
    musicality_score,
    positivity_score,
    vibe,
    score_null_reason,
    is_new_track
from weekly_top_songs
order by part, week_start, top_song_number
