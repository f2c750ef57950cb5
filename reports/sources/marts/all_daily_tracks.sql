-- Plays of all listeners together; one part per year
select
    strftime(listening_date, '%Y') as part,
    listening_date::varchar as listening_date,
    track_id,
    track_name,
    artist_name,
    sum(plays) as plays,
    sum(listens) as listens,
    sum(minutes_listened) as minutes_listened,
    max(positivity_score) as positivity_score,
    max(vibe) as vibe
from daily_track_listening
group by
    part,
    listening_date,
    track_id,
    track_name,
    artist_name
order by part, listening_date, listens desc, minutes_listened desc, track_id
