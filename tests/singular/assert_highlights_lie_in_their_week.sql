-- A returned row is a week whose obsession or top day lies in another week.
with

highlights as (

    select * from {{ ref('weekly_highlights') }}

),

final as (

    select
        user_id,
        week_start,
        obsession_date,
        top_day
    from highlights
    where
        {{ week_start('obsession_date') }} <> week_start
        or {{ week_start('top_day') }} <> week_start

)

select * from final
