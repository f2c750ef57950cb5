select
    md5(segment_kind || ' ' || segment) as part,
    feedback_source,
    recommender,
    recommender_version,
    track_vibe,
    verdicts,
    saved,
    liked,
    disliked,
    ratings,
    listeners,
    tracks,
    mean_rating_pct,
    mean_rating_null_reason,
    positive_share_pct
from feedback_summary
order by part, feedback_source, recommender, recommender_version, track_vibe
