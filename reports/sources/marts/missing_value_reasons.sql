select
    subject,
    reason,
    sentence
from missing_value_reasons
order by subject, reason
