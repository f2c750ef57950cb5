select
    user_id as part,
    user_id,
    listening_date::varchar as listening_date,
    plays,
    listens,
    unique_tracks,
    minutes_listened,
    scored_listens,
    danceability_pct,
    energy_pct,
    liveness_pct,
    acousticness_pct,
    instrumentalness_pct,
    speechiness_pct,
    valence_pct,
    vibe,
    score_null_reason,
    feature_coverage_pct,
    has_gap,
    vibe_thresholds_version
from daily_listening
order by user_id, listening_date
