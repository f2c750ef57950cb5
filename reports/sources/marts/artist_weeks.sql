-- Plays of each artist by week, listener and song; one part per group of artists
select
    left(md5(artist_name), 1) as part,
    artist_name,
    track_id,
    track_name,
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
    artist_name,
    track_id,
    track_name,
    user_id,
    week_start
order by part, artist_name, week_start, track_id, user_id
