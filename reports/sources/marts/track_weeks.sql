-- Plays of each song by week and listener; one part per group of songs
select
    left(md5(track_id), 1) as part,
    track_id,
    user_id,
    week_start::varchar as week_start,
    min(listening_date)::varchar as first_date,
    max(listening_date)::varchar as last_date,
    sum(plays) as plays,
    sum(listens) as listens,
    sum(minutes_listened) as minutes_listened
from daily_track_listening
group by
    part,
    track_id,
    user_id,
    week_start
order by part, track_id, week_start, user_id
