select
    user_id,
    listening_date::varchar as listening_date,
    week_start::varchar as week_start,
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
    feature_coverage_pct,
    has_gap,
    score_weights_version,
    vibe_thresholds_version,
    listen_rules_version
from daily_listening
order by user_id, listening_date
