-- Every artist's songs and how they sound; one part per group of artists
select
    left(md5(artist_name), 1) as part,
    artist_name,
    track_id,
    track_name,
    vibe,
    positivity_score
from dim_tracks
where artist_name is not null
order by part, artist_name, track_id
