select
    feedback_source,
    source_order,
    label,
    meaning
from feedback_sources
order by source_order
