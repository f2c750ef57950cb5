-- A returned row is a listener whose streaks do not add up to the days with plays, or who has not exactly one longest
-- and one current streak.
with

streaks as (

    select
        user_id,
        sum(days) as days,
        sum(listens) as listens,
        sum(minutes_listened) as minutes_listened,
        max(days) as most_days,
        max(case when is_longest then days end) as days_of_longest,
        count(case when is_longest then 1 end) as longest_streaks,
        max(last_date) as last_date,
        max(case when is_current then last_date end) as last_date_of_current,
        count(case when is_current then 1 end) as current_streaks
    from {{ ref('listening_streaks') }}
    group by user_id

),

days as (

    select
        user_id,
        count(*) as days,
        sum(listens) as listens,
        sum(minutes_listened) as minutes_listened,
        max(listening_date) as last_date
    from {{ ref('daily_listening') }}
    where plays > 0
    group by user_id

)

select
    coalesce(days.user_id, streaks.user_id) as user_id,
    days.days,
    streaks.days as days_of_streaks
from days
full outer join streaks
    on days.user_id = streaks.user_id
where
    days.user_id is null
    or streaks.user_id is null
    or days.days <> streaks.days
    or days.listens <> streaks.listens
    or abs(days.minutes_listened - streaks.minutes_listened) > 0.000001
    or streaks.longest_streaks <> 1
    or streaks.most_days <> streaks.days_of_longest
    or streaks.current_streaks <> 1
    or streaks.last_date_of_current <> days.last_date
