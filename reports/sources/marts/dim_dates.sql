select
    date_day::varchar as date_day,
    week_start::varchar as week_start,
    week_label,
    day_of_week,
    day_name
from dim_dates
order by date_day
