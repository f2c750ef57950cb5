select
    constant,
    value,
    unit,
    rationale
from diagnostic_constants
order by constant
