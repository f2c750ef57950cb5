-- A returned row is a play whose estimated duration is longer than the time since the listener's previous play.
with

plays as (

    select
        *,
        lag(played_at) over (
            partition by user_id
            order by played_at, source, play_id
        ) as previous_played_at
    from {{ ref('fct_plays') }}

)

select
    play_id,
    listened_ms,
    previous_played_at,
    played_at
from plays
where
    listened_ms_source = 'estimated'
    and listened_ms > {{ milliseconds_between('previous_played_at', 'played_at') }}
