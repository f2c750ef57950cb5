-- All listeners, with the weeks that can be shown
select
    u.user_id,
    u.display_name,
    u.has_display_name,
    u.timezone,
    u.is_sample,
    u.first_listening_date::varchar as first_listening_date,
    u.last_listening_date::varchar as last_listening_date,
    min(w.week_start)::varchar as first_week,
    max(w.week_start)::varchar as last_week,
    (max(w.week_start) filter (where w.is_complete_week))::varchar as latest_complete_week,
    u.plays,
    u.listens,
    u.minutes_listened
from dim_users as u
left join weekly_listening as w on w.user_id = u.user_id
group by
    u.user_id,
    u.display_name,
    u.has_display_name,
    u.timezone,
    u.is_sample,
    u.first_listening_date,
    u.last_listening_date,
    u.plays,
    u.listens,
    u.minutes_listened
order by u.user_id
