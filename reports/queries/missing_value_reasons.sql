select
    subject,
    reason,
    sentence
from marts.missing_value_reasons
order by subject, reason
