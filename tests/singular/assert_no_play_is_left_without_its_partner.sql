-- A returned row is an export play and a polled play of the same track, close enough to be one play, that were both
-- left alone: one play that counts twice.
{{ config(severity='warn') }}

with

merged as (

    select * from {{ ref('int_plays_merged') }}

),

merge_rules as (

    select * from {{ ref('play_merge_rules') }}

)

select
    exported.play_id as exported_play_id,
    polled.play_id as polled_play_id,
    exported.played_at as exported_played_at,
    polled.played_at as polled_played_at
from merged as exported
inner join merged as polled
    on
        exported.user_id = polled.user_id
        and exported.track_id = polled.track_id
inner join merge_rules
    on
        merge_rules.rule = 'poll_match_tolerance_seconds'
        and abs({{ milliseconds_between('exported.played_at', 'polled.played_at') }}) <= merge_rules.value * 1000
where
    exported.source = 'extended_export'
    and exported.recently_played_id is null
    and polled.source = 'poll'
