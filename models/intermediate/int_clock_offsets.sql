with

report_days as (select * from {{ ref('int_play_report_days') }}),

users as (select * from {{ ref('int_users') }}),

days as (

    select distinct
        users.timezone,
        report_days.ended_on as utc_date,
        cast(report_days.ended_on as {{ dbt.type_timestamp() }}) as began_at,
        cast({{ add_days('report_days.ended_on', 1) }} as {{ dbt.type_timestamp() }}) as ended_at
    from report_days
    inner join users
        on report_days.user_id = users.user_id

),

offsets as (

    select
        timezone,
        utc_date,
        {{ milliseconds_between('began_at', local_time('began_at', 'timezone')) }} as offset_at_beginning,
        {{ milliseconds_between('ended_at', local_time('ended_at', 'timezone')) }} as offset_at_end
    from days

),

final as (

    select
        timezone,
        utc_date,
        cast(offset_at_beginning / 1000 as integer) as utc_offset_seconds
    from offsets
    -- A day on which the clock changes has no row.
    where offset_at_beginning = offset_at_end

)

select * from final
