-- What is known about each song; one part per group of songs
select
    left(md5(track_id), 1) as part,
    track_id,
    track_name,
    artist_name,
    album_name,
    genre,
    provider,
    has_all_features,
    features_null_reason,
    danceability_pct,
    energy_pct,
    liveness_pct,
    acousticness_pct,
    instrumentalness_pct,
    speechiness_pct,
    valence_pct,
    energy_score,
    musicality_score,
    positivity_score,
    vibe,
    sound_cluster
from dim_tracks
order by part, track_id
