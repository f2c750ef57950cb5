select
    version,
    sound_cluster,
    cluster_order,
    danceability_pct,
    energy_pct,
    liveness_pct,
    acousticness_pct,
    instrumentalness_pct,
    speechiness_pct,
    valence_pct,
    meaning
from sound_clusters
order by version, cluster_order
