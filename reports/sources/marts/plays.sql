-- Every play; one part per listener and year
select
    p.user_id || strftime(p.listening_date, '%Y') as part,
    p.listening_date::varchar as listening_date,
    strftime(p.played_at_local, '%H:%M') as local_time,
    strftime(p.played_at, '%Y-%m-%dT%H:%M:%SZ') as played_at,
    p.track_id,
    t.track_name,
    t.artist_name,
    p.listened_ms,
    p.listened_ms_source,
    p.is_listen,
    p.is_skipped
from fct_plays as p
left join dim_tracks as t on t.track_id = p.track_id
order by part, p.played_at, p.play_id
