-- All listeners, those with listening and a display name first, with the weeks that can be shown
select
    user_id,
    display_name,
    has_display_name,
    is_sample,
    timezone,
    first_listening_date,
    last_listening_date,
    plays,
    listens,
    minutes_listened,
    first_week,
    last_week,
    latest_complete_week
from marts.dim_users
order by first_week is null, has_display_name desc, is_sample, display_name, user_id
