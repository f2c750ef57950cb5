select
    md5(segment_kind || ' ' || segment) as part,
    segment_kind,
    segment,
    top_track_number,
    track_id,
    track_name,
    artist_name,
    listens,
    listeners,
    minutes_listened,
    listens_share_pct,
    segment_listens,
    segment_listeners
from segment_top_tracks
order by part, top_track_number
