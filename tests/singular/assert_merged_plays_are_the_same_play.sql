-- A returned row is a merged play whose two sources differ in listener or lie further apart than the tolerance.
with

merged as (

    select * from {{ ref('int_plays_merged') }}

),

polled as (

    select * from {{ ref('stg_spotify__recently_played') }}

),

merge_rules as (

    select * from {{ ref('play_merge_rules') }}

)

select
    merged.play_id,
    merged.played_at,
    polled.ended_at
from merged
inner join polled
    on merged.recently_played_id = polled.recently_played_id
inner join merge_rules
    on merge_rules.rule = 'poll_match_tolerance_seconds'
where
    merged.user_id <> polled.user_id
    or abs({{ milliseconds_between('merged.played_at', 'polled.ended_at') }}) > merge_rules.value * 1000
