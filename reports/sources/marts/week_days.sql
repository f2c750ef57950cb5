-- The days of a week, as the week page shows them
select
    user_id || strftime(week_start, '%Y') as part,
    user_id,
    week_start::varchar as week_start,
    listening_date::varchar as listening_date,
    plays,
    listens,
    minutes_listened,
    scored_listens,
    valence_pct,
    vibe,
    score_null_reason,
    feature_coverage_pct,
    has_gap,
    vibe_thresholds_version
from daily_listening
order by part, listening_date
