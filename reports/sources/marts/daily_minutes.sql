-- Listening of all listeners together by date
select
    listening_date::varchar as listening_date,
    sum(listens)::double as listens,
    sum(minutes_listened)::double as minutes_listened
from daily_listening
group by listening_date
order by listening_date
