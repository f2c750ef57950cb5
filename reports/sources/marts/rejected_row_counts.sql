select
    source,
    reason,
    rows
from rejected_row_counts
order by source, reason
