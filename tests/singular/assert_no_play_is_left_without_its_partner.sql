-- A returned row is an export play and a polled play of the same track (or the same title and artist), close enough to
-- be one play, that were both left alone: one play that counts twice.
{{ config(severity='warn') }}

with

merged as (

    select
        plays.*,
        coalesce(tracks.title_key, plays.track_id) as match_key
    from {{ ref('int_plays_merged') }} as plays
    left join {{ ref('int_tracks') }} as tracks
        on plays.track_id = tracks.track_id

),

merge_rules as (select * from {{ ref('play_merge_rules') }})

select
    exported.play_id as exported_play_id,
    polled.play_id as polled_play_id,
    exported.played_at as exported_played_at,
    polled.played_at as polled_played_at
from merged as exported
inner join merged as polled
    on
        exported.user_id = polled.user_id
        and exported.match_key = polled.match_key
inner join merge_rules as tolerance
    on tolerance.rule = 'poll_match_tolerance_seconds'
inner join merge_rules as middle
    on middle.rule = 'account_data_middle_seconds'
where
    exported.source <> 'poll'
    and exported.recently_played_id is null
    and polled.source = 'poll'
    and abs(
        {{ milliseconds_between('exported.played_at', 'polled.played_at') }}
        - case when exported.source = 'account_data' then middle.value else 0 end * 1000
    ) <= (tolerance.value + case when exported.source = 'account_data' then middle.value else 0 end) * 1000
