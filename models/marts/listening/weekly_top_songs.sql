with

numbered as (select * from {{ ref('int_top_songs') }}),

-- Weeks are dense, so the previous row is the week before.
weeks as (

    select
        *,
        lag(is_complete_week) over (
            partition by user_id
            order by week_start
        ) as previous_is_complete_week,
        lag(listen_rules_version) over (
            partition by user_id
            order by week_start
        ) as previous_listen_rules_version
    from {{ ref('weekly_listening') }}

),

tracks as (select * from {{ ref('dim_tracks') }}),

track_scores as (select * from {{ ref('int_track_scores') }}),

track_vibes as (select * from {{ ref('int_track_vibes') }}),

-- A track is new in the week of its first listen, as it is for the week's new tracks.
with_history as (

    select
        *,
        min(week_start) over (
            partition by user_id, track_id
        ) as first_week_start,
        lag(week_start) over (
            partition by user_id, track_id
            order by week_start
        ) as last_week_start,
        lag(top_song_number) over (
            partition by user_id, track_id
            order by week_start
        ) as last_top_song_number
    from numbered

),

-- A part of a week is not compared with a whole one, nor is anything across definitions.
with_reasons as (

    select
        with_history.*,
        weeks.is_complete_week,
        weeks.score_weights_version,
        weeks.vibe_thresholds_version,
        weeks.listen_rules_version,
        case
            when weeks.previous_is_complete_week is null then 'no week before'
            when not (weeks.is_complete_week and weeks.previous_is_complete_week) then 'incomplete week'
            when weeks.listen_rules_version <> weeks.previous_listen_rules_version then 'other definitions'
            when
                with_history.last_week_start is null
                or {{ days_between('with_history.last_week_start', 'with_history.week_start') }} > 7
                then 'not listened to the week before'
        end as previous_top_song_null_reason
    from with_history
    inner join weeks
        on
            with_history.user_id = weeks.user_id
            and with_history.week_start = weeks.week_start

),

final as (

    select
        songs.user_id,
        songs.week_start,
        songs.top_song_number,
        songs.track_id,
        coalesce(tracks.track_name, 'Unknown title') as track_name,
        coalesce(tracks.artist_name, 'Unknown artist') as artist_name,
        songs.plays,
        songs.listens,
        {{ minutes('songs.listened_ms') }} as minutes_listened,
        track_scores.energy_score,
        track_scores.musicality_score,
        track_scores.positivity_score,
        track_vibes.vibe,
        {{ track_score_null_reason('tracks.has_all_features') }} as score_null_reason,
        songs.first_week_start = songs.week_start as is_new_track,
        case
            when songs.previous_top_song_null_reason is null then songs.last_top_song_number
        end as previous_top_song_number,
        songs.previous_top_song_null_reason,
        songs.is_complete_week,
        songs.score_weights_version,
        songs.vibe_thresholds_version,
        songs.listen_rules_version
    from with_reasons as songs
    inner join tracks
        on songs.track_id = tracks.track_id
    left join track_scores
        on
            songs.track_id = track_scores.track_id
            and songs.score_weights_version = track_scores.score_weights_version
    left join track_vibes
        on
            songs.track_id = track_vibes.track_id
            and songs.vibe_thresholds_version = track_vibes.vibe_thresholds_version

)

select * from final
