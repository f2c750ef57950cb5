with

feedback as (select * from {{ ref('stg_spotify__feedback') }}),

track_aliases as (select * from {{ ref('track_aliases') }}),

canonical as (

    select
        feedback.user_id,
        coalesce(track_aliases.canonical_track_id, feedback.track_id) as track_id,
        feedback.track_id as given_track_id,
        feedback.feedback_kind,
        feedback.rating,
        feedback.given_at
    from feedback
    left join track_aliases
        on feedback.track_id = track_aliases.track_id

),

-- Somebody who rates a track again has changed their mind. Two ids of one track at the same moment: the better rating.
latest_first as (

    select
        *,
        row_number() over (
            partition by user_id, track_id, feedback_kind
            order by
                given_at desc,
                rating desc nulls last,
                given_track_id asc
        ) as verdict_number
    from canonical

),

final as (

    select
        user_id,
        track_id,
        feedback_kind,
        rating,
        given_at
    from latest_first
    where verdict_number = 1

)

select * from final
