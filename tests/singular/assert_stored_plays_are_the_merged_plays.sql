-- A returned row is a merged play that int_plays lacks, or a play of int_plays that is no merged play any more.
with

merged as (select * from {{ ref('int_plays_merged') }}),

stored as (select * from {{ ref('int_plays') }})

select
    merged.play_id as merged_play_id,
    stored.play_id as stored_play_id
from merged
full outer join stored
    on
        merged.play_id = stored.play_id
        and merged.user_id = stored.user_id
        and merged.played_at = stored.played_at
        and merged.track_id = stored.track_id
where
    merged.play_id is null
    or stored.play_id is null
