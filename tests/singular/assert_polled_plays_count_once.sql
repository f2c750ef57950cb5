-- A returned row is a polled play that stands in no merged play, or in more than one.
with

polled as (select * from {{ ref('stg_spotify__recently_played') }}),

merged as (select * from {{ ref('int_plays_merged') }})

select
    polled.recently_played_id,
    count(merged.play_id) as merged_plays
from polled
left join merged
    on polled.recently_played_id = merged.recently_played_id
group by polled.recently_played_id
having count(merged.play_id) <> 1
