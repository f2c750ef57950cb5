with

plays as (select * from {{ ref('int_plays') }}),

final as (

    select
        user_id,
        track_id,
        count(*) as plays,
        count(case when is_listen then 1 end) as listens,
        cast(coalesce(sum(listened_ms), 0) as bigint) as listened_ms
    from plays
    group by
        user_id,
        track_id

)

select * from final
