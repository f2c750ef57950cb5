select
    user_id || strftime(week_start, '%Y') as part,
    user_id,
    week_start::varchar as week_start,
    obsession_track_id,
    obsession_track_name,
    obsession_artist_name,
    obsession_date::varchar as obsession_date,
    obsession_listens,
    obsession_null_reason,
    top_day::varchar as top_day,
    top_day_minutes,
    favourite_hour,
    favourite_hour_minutes,
    top_day_null_reason,
    top_new_track_name,
    top_new_artist_name,
    top_new_null_reason
from weekly_highlights
order by part, week_start
