-- A returned row is a listener whose days or weeks have a hole between the first and the last.
with

days as (

    select
        user_id,
        count(*) as rows_found,
        {{ days_between('min(listening_date)', 'max(listening_date)') }} + 1 as rows_expected
    from {{ ref('daily_listening') }}
    group by user_id

),

weeks as (

    select
        user_id,
        count(*) as rows_found,
        {{ days_between('min(week_start)', 'max(week_start)') }} / 7 + 1 as rows_expected
    from {{ ref('weekly_listening') }}
    group by user_id

)

select
    user_id,
    'days' as grain,
    rows_found,
    rows_expected
from days
where rows_found <> rows_expected

union all

select
    user_id,
    'weeks' as grain,
    rows_found,
    rows_expected
from weeks
where rows_found <> rows_expected
