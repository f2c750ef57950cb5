select
    user_id,
    display_name,
    has_display_name,
    timezone,
    is_sample,
    first_listening_date::varchar as first_listening_date,
    last_listening_date::varchar as last_listening_date,
    plays,
    listens,
    minutes_listened
from dim_users
order by user_id
