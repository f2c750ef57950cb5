-- A returned row is a pair of listeners whose listed tracks are not as many as they share (or as many as are listed),
-- that is listed otherwise from the other side, or whose tracks are out of order.
with

shared as (

    select
        *,
        lag(least(listens, other_listens)) over (
            partition by user_id, other_user_id
            order by shared_track_number
        ) as smaller_before
    from {{ ref('listener_shared_tracks') }}

),

pairs as (

    select
        similarity.user_id,
        similarity.other_user_id,
        least(similarity.shared_tracks, constants.value) as tracks
    from {{ ref('listener_similarity') }} as similarity
    cross join {{ ref('diagnostic_constants') }} as constants
    where constants.constant = 'shared_tracks_listed'

),

listed as (

    select
        user_id,
        other_user_id,
        count(*) as tracks
    from shared
    group by
        user_id,
        other_user_id

)

select
    pairs.user_id,
    pairs.other_user_id,
    'number' as problem
from pairs
left join listed
    on
        pairs.user_id = listed.user_id
        and pairs.other_user_id = listed.other_user_id
where pairs.tracks <> coalesce(listed.tracks, 0)

union all

select
    mine.user_id,
    mine.other_user_id,
    'other side' as problem
from shared as mine
left join shared as theirs
    on
        mine.user_id = theirs.other_user_id
        and mine.other_user_id = theirs.user_id
        and mine.shared_track_number = theirs.shared_track_number
        and mine.track_id = theirs.track_id
        and mine.listens = theirs.other_listens
where theirs.user_id is null

union all

select
    user_id,
    other_user_id,
    'order' as problem
from shared
where smaller_before < least(listens, other_listens)
