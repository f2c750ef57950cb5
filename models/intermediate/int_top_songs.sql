with

plays as (select * from {{ ref('int_plays') }}),

-- All plays of the track, also those that are no listens: their time breaks ties.
summed as (

    select
        user_id,
        week_start,
        track_id,
        count(*) as plays,
        count(case when is_listen then 1 end) as listens,
        sum(listened_ms) as listened_ms
    from plays
    group by
        user_id,
        week_start,
        track_id

),

final as (

    select
        user_id,
        week_start,
        track_id,
        plays,
        listens,
        listened_ms,
        row_number() over (
            partition by user_id, week_start
            order by listens desc, listened_ms desc, track_id asc
        ) as top_song_number
    from summed
    where listens > 0

)

select * from final
