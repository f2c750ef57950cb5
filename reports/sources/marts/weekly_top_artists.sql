select
    user_id || strftime(week_start, '%Y') as part,
    user_id,
    week_start::varchar as week_start,
    top_artist_number,
    artist_name,
    listens,
    unique_tracks,
    minutes_listened,
    is_new_artist
from weekly_top_artists
order by part, week_start, top_artist_number
