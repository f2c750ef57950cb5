select
    outcome,
    outcome_order,
    label,
    counted,
    when_higher,
    when_lower,
    meaning,
    rationale
from engagement_outcomes
order by outcome_order
