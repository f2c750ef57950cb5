with

plays as (select * from {{ ref('fct_plays') }}),

-- Whole weeks: from the Monday of the first to the Sunday of the last.
span as (

    select
        min(week_start) as first_date,
        {{ add_days('max(week_start)', 6) }} as last_date
    from plays

),

dates as (

    select {{ explode_dates('first_date', 'last_date') }} as date_day
    from span

),

with_week as (

    select
        date_day,
        {{ week_start('date_day') }} as week_start
    from dates

),

-- ISO 8601: a week belongs to the year in which its Thursday lies, and is as many weeks into it as that Thursday.
with_thursday as (

    select
        date_day,
        week_start,
        {{ add_days('week_start', 3) }} as thursday
    from with_week

),

with_new_year as (

    select
        *,
        cast({{ dbt.date_trunc('year', 'thursday') }} as date) as new_year
    from with_thursday

),

with_iso_week as (

    select
        date_day,
        week_start,
        cast(extract(year from thursday) as integer) as iso_year,
        cast(floor({{ days_between('new_year', 'thursday') }} / 7.0) + 1 as integer) as iso_week,
        cast({{ days_between('week_start', 'date_day') }} + 1 as integer) as day_of_week
    from with_new_year

),

final as (

    select
        date_day,
        week_start,
        iso_year,
        iso_week,
        cast(iso_year as {{ dbt.type_string() }})
        || '-W'
        || lpad(cast(iso_week as {{ dbt.type_string() }}), 2, '0') as week_label,
        day_of_week,
        case day_of_week
            when 1 then 'Monday'
            when 2 then 'Tuesday'
            when 3 then 'Wednesday'
            when 4 then 'Thursday'
            when 5 then 'Friday'
            when 6 then 'Saturday'
            when 7 then 'Sunday'
        end as day_name,
        day_of_week >= 6 as is_weekend,
        cast({{ dbt.date_trunc('month', 'date_day') }} as date) as month_start
    from with_iso_week

)

select * from final
