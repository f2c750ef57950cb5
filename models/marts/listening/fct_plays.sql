with

plays as (

    select * from {{ ref('int_plays_merged') }}

),

calendar as (

    select * from {{ ref('int_definition_calendar') }}

),

listen_rules as (

    select * from {{ ref('listen_rules') }}

),

tracks as (

    select * from {{ ref('int_tracks') }}

),

final as (

    select
        plays.play_id,
        plays.user_id,
        plays.track_id,
        plays.played_at,
        plays.listening_date,
        plays.week_start,
        plays.listened_ms,
        plays.listened_ms_source,
        -- Both conditions must hold. A play of unknown duration is no listen; a track of unknown length cannot
        -- fail the share.
        coalesce(
            plays.listened_ms >= listen_rules.minimum_listened_ms
            and plays.listened_ms >= listen_rules.minimum_track_share * coalesce(tracks.duration_ms, 0),
            false
        ) as is_listen,
        plays.is_skipped,
        plays.source,
        calendar.listen_rules_version
    from plays
    inner join calendar
        on plays.week_start = calendar.week_start
    left join listen_rules
        on calendar.listen_rules_version = listen_rules.version
    left join tracks
        on plays.track_id = tracks.track_id

)

select * from final
