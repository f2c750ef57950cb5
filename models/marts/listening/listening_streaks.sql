with

active_days as (

    select * from {{ ref('int_listening_by_day') }}
    where plays > 0

),

with_previous as (

    select
        *,
        lag(listening_date) over (
            partition by user_id
            order by listening_date
        ) as previous_date
    from active_days

),

-- A streak begins where the day before had no play. Counting beginnings up to a day numbers its streak.
numbered as (

    select
        *,
        sum(case when previous_date = {{ add_days('listening_date', -1) }} then 0 else 1 end) over (
            partition by user_id
            order by listening_date
            rows between unbounded preceding and current row
        ) as streak_number
    from with_previous

),

streaks as (

    select
        user_id,
        streak_number,
        min(listening_date) as first_date,
        max(listening_date) as last_date,
        count(*) as days,
        cast(sum(listens) as bigint) as listens,
        {{ minutes('sum(listened_ms)') }} as minutes_listened
    from numbered
    group by
        user_id,
        streak_number

),

-- A streak as long as an earlier one does not take its place.
final as (

    select
        user_id,
        first_date,
        last_date,
        days,
        listens,
        minutes_listened,
        row_number() over (
            partition by user_id
            order by days desc, first_date asc
        ) = 1 as is_longest,
        last_date = max(last_date) over (partition by user_id) as is_current
    from streaks

)

select * from final
