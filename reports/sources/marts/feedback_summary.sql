select
    md5(segment_kind || ' ' || segment) as part,
    feedback_summary_id,
    feedback_source,
    recommender,
    recommender_version,
    track_vibe,
    segment_kind,
    segment,
    verdicts,
    saved,
    liked,
    disliked,
    ratings,
    positive_verdicts,
    listeners,
    tracks,
    mean_rating_pct,
    mean_rating_null_reason,
    positive_share_pct
from feedback_summary
order by part, feedback_source, recommender, recommender_version, track_vibe
