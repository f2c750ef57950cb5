with

users as (select * from {{ ref('int_users') }}),

loads as (select * from {{ ref('stg_spotiflow__load_log') }}),

polls as (select * from {{ ref('stg_spotify__poll_log') }}),

listeners as (select * from {{ ref('int_listener_totals') }}),

-- An export may end with something that is no play of a track.
last_exports as (

    select
        user_id,
        max(covered_to) as observed_until
    from loads
    group by user_id

),

-- A page of plays says what there was up to the moment in which it was asked for. No page, no word.
last_pages as (

    select
        user_id,
        max(requested_at) as observed_until
    from polls
    where newest_played_at is not null
    group by user_id

),

final as (

    select
        users.user_id,
        -- Of those that are there: greatest() leaves nulls out, here as in Spark.
        greatest(
            listeners.last_played_at,
            last_exports.observed_until,
            last_pages.observed_until
        ) as observed_until
    from users
    left join listeners
        on users.user_id = listeners.user_id
    left join last_exports
        on users.user_id = last_exports.user_id
    left join last_pages
        on users.user_id = last_pages.user_id

)

select * from final
