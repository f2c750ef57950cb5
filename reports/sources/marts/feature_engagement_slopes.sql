select
    measure_kind,
    measure,
    measure_order,
    outcome,
    known_plays,
    listeners,
    slope_pp,
    slope_null_reason,
    slope_low_pp,
    slope_high_pp,
    interval_null_reason,
    is_told_from_zero,
    interval_scope
from feature_engagement_slopes
order by measure_kind, measure_order, outcome
