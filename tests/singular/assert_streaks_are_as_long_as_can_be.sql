-- A returned row is a streak whose length is not that of its dates, that holds a date without plays, or that could be
-- longer: its neighbours have plays too.
with

streaks as (select * from {{ ref('listening_streaks') }}),

active_days as (

    select * from {{ ref('daily_listening') }}
    where plays > 0

)

select
    streaks.user_id,
    streaks.first_date,
    streaks.last_date,
    streaks.days
from streaks
inner join active_days
    on
        streaks.user_id = active_days.user_id
        and active_days.listening_date between {{ add_days('streaks.first_date', -1) }}
        and {{ add_days('streaks.last_date', 1) }}
group by
    streaks.user_id,
    streaks.first_date,
    streaks.last_date,
    streaks.days
having
    streaks.days <> {{ days_between('streaks.first_date', 'streaks.last_date') }} + 1
    or count(case when active_days.listening_date between streaks.first_date and streaks.last_date then 1 end)
    <> streaks.days
    or count(*) <> streaks.days
