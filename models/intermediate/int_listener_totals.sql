with

plays as (select * from {{ ref('int_plays') }}),

final as (

    select
        user_id,
        min(listening_date) as first_listening_date,
        max(listening_date) as last_listening_date,
        max(played_at) as last_played_at,
        count(*) as plays,
        count(case when is_listen then 1 end) as listens,
        cast(coalesce(sum(listened_ms), 0) as bigint) as listened_ms
    from plays
    group by user_id

)

select * from final
