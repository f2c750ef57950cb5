with

users as (

    select * from {{ ref('int_users') }}

),

plays as (

    select * from {{ ref('fct_plays') }}

),

listening as (

    select
        user_id,
        min(listening_date) as first_listening_date,
        max(listening_date) as last_listening_date,
        count(*) as plays,
        count(case when is_listen then 1 end) as listens,
        {{ minutes('sum(listened_ms)') }} as minutes_listened
    from plays
    group by user_id

),

final as (

    select
        users.user_id,
        coalesce(users.display_name, 'Listener ' || left(users.user_id, 6)) as display_name,
        users.display_name is not null as has_display_name,
        users.timezone,
        users.is_sample,
        listening.first_listening_date,
        listening.last_listening_date,
        coalesce(listening.plays, 0) as plays,
        coalesce(listening.listens, 0) as listens,
        coalesce(listening.minutes_listened, 0) as minutes_listened
    from users
    left join listening
        on users.user_id = listening.user_id

)

select * from final
