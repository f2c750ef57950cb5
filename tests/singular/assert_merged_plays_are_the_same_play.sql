-- A returned row is a merged play whose sources differ in listener, or lie further apart than they may: an extended
-- export and a poll further than the tolerance, the account data in another minute or with other milliseconds.
with

merged as (select * from {{ ref('int_plays_merged') }}),

polled as (select * from {{ ref('stg_spotify__recently_played') }}),

exported as (select * from {{ ref('stg_spotify__streaming_history') }}),

merge_rules as (select * from {{ ref('play_merge_rules') }})

select
    merged.play_id,
    merged.played_at,
    polled.ended_at
from merged
inner join polled
    on merged.recently_played_id = polled.recently_played_id
inner join merge_rules as tolerance
    on tolerance.rule = 'poll_match_tolerance_seconds'
inner join merge_rules as middle
    on middle.rule = 'account_data_middle_seconds'
where
    merged.user_id <> polled.user_id
    or abs(
        {{ milliseconds_between('merged.played_at', 'polled.ended_at') }}
        - case when merged.source = 'account_data' then middle.value else 0 end * 1000
    ) > (tolerance.value + case when merged.source = 'account_data' then middle.value else 0 end) * 1000

union all

select
    merged.play_id,
    merged.played_at,
    exported.ended_at
from merged
inner join exported
    on merged.account_data_id = exported.streaming_history_id
where
    merged.user_id <> exported.user_id
    or {{ dbt.date_trunc('minute', 'merged.played_at') }} <> exported.ended_at
    or merged.exported_ms <> exported.listened_ms
