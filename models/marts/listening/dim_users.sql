with

users as (select * from {{ ref('int_users') }}),

listening as (select * from {{ ref('int_listener_totals') }}),

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
        coalesce({{ minutes('listening.listened_ms') }}, 0) as minutes_listened
    from users
    left join listening
        on users.user_id = listening.user_id

)

select * from final
