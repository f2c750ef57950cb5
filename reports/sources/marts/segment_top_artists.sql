select
    md5(segment_kind || ' ' || segment) as part,
    segment_kind,
    segment,
    top_artist_number,
    artist_name,
    unique_tracks,
    listens,
    listeners,
    minutes_listened,
    listens_share_pct,
    segment_listens,
    segment_listeners
from segment_top_artists
order by part, top_artist_number
