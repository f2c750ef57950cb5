-- Everybody, those with listening and a name of their own first, and the weeks that they can be shown for
select
    u.user_id,
    u.display_name,
    u.has_display_name,
    u.is_sample,
    u.timezone,
    u.first_listening_date,
    u.last_listening_date,
    u.plays,
    u.listens,
    u.minutes_listened,
    min(w.week_start) as first_week,
    max(w.week_start) as last_week,
    max(w.week_start) filter (where w.is_complete_week) as latest_complete_week
from marts.dim_users as u
left join marts.weekly_listening as w on w.user_id = u.user_id
group by
    u.user_id,
    u.display_name,
    u.has_display_name,
    u.is_sample,
    u.timezone,
    u.first_listening_date,
    u.last_listening_date,
    u.plays,
    u.listens,
    u.minutes_listened
order by first_week is null, u.has_display_name desc, u.is_sample, u.display_name, u.user_id
