-- A returned row is a play that counts as a listen though it is shorter than the rule of its week asks, or that does
-- not count though nothing speaks against it.
with

plays as (select * from {{ ref('fct_plays') }}),

listen_rules as (select * from {{ ref('listen_rules') }})

select
    plays.play_id,
    plays.listened_ms,
    plays.is_listen
from plays
inner join listen_rules
    on plays.listen_rules_version = listen_rules.version
where
    (plays.is_listen and (plays.listened_ms is null or plays.listened_ms < listen_rules.minimum_listened_ms))
    or (
        not plays.is_listen
        and plays.listened_ms >= listen_rules.minimum_listened_ms
        and listen_rules.minimum_track_share = 0
    )
