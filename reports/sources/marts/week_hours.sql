-- Hours of the day, all weekdays together
select
    user_id || strftime(week_start, '%Y') as part,
    user_id,
    week_start::varchar as week_start,
    hour_of_day,
    sum(listens) as listens,
    sum(minutes_listened) as minutes_listened
from hourly_listening
group by
    user_id,
    week_start,
    hour_of_day
order by part, week_start, hour_of_day
