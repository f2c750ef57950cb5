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

users as (

    select * from {{ ref('int_users') }}

),

final as (

    select
        plays.play_id,
        plays.user_id,
        plays.track_id,
        plays.played_at,
        plays.listening_date,
        plays.week_start,
        {{ local_hour('plays.played_at', 'users.timezone') }} as listening_hour,
        plays.listened_ms,
        plays.listened_ms_source,
        tracks.duration_ms,
        case
            when plays.listened_ms_source = 'export' and plays.listened_ms >= tracks.duration_ms and tracks.duration_ms > 0
                then cast(100 as double)
            when plays.listened_ms_source = 'export'
                then cast(plays.listened_ms as double) / nullif(tracks.duration_ms, 0) * 100
        end as completion_pct,
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
    left join users
        on plays.user_id = users.user_id

)

select * from final
