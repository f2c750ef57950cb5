with

accounts as (select * from {{ ref('stg_spotiflow__accounts') }}),

exported_plays as (select * from {{ ref('stg_spotify__streaming_history') }}),

polled_plays as (select * from {{ ref('stg_spotify__recently_played') }}),

-- Anybody with plays is a listener, even if the account's own row is missing.
user_ids as (

    select user_id from accounts
    union
    select user_id from exported_plays
    where content_kind = 'track'
    union
    select user_id from polled_plays

),

final as (

    select
        user_ids.user_id,
        accounts.display_name,
        coalesce(accounts.timezone, 'UTC') as timezone,
        coalesce(accounts.is_sample, false) as is_sample
    from user_ids
    left join accounts
        on user_ids.user_id = accounts.user_id

)

select * from final
