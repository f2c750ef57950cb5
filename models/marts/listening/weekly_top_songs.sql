with

plays as (

    select * from {{ ref('fct_plays') }}

),

weeks as (

    select * from {{ ref('weekly_listening') }}

),

tracks as (

    select * from {{ ref('dim_tracks') }}

),

track_scores as (

    select * from {{ ref('int_track_scores') }}

),

track_vibes as (

    select * from {{ ref('int_track_vibes') }}

),

-- All plays of the track, also those that are no listens: their time breaks ties.
summed as (

    select
        user_id,
        week_start,
        track_id,
        count(*) as plays,
        count(case when is_listen then 1 end) as listens,
        sum(listened_ms) as listened_ms
    from plays
    group by
        user_id,
        week_start,
        track_id

),

numbered as (

    select
        *,
        row_number() over (
            partition by user_id, week_start
            order by listens desc, listened_ms desc, track_id asc
        ) as top_song_number
    from summed
    where listens > 0

),

final as (

    select
        numbered.user_id,
        numbered.week_start,
        numbered.top_song_number,
        numbered.track_id,
        coalesce(tracks.track_name, 'Unknown title') as track_name,
        coalesce(tracks.artist_name, 'Unknown artist') as artist_name,
        numbered.plays,
        numbered.listens,
        {{ minutes('numbered.listened_ms') }} as minutes_listened,
        track_scores.energy_score,
        track_scores.musicality_score,
        track_scores.positivity_score,
        track_vibes.vibe,
        {{ track_score_null_reason('tracks.has_all_features') }} as score_null_reason,
        weeks.is_complete_week,
        weeks.score_weights_version,
        weeks.vibe_thresholds_version,
        weeks.listen_rules_version
    from numbered
    inner join weeks
        on
            numbered.user_id = weeks.user_id
            and numbered.week_start = weeks.week_start
    inner join tracks
        on numbered.track_id = tracks.track_id
    left join track_scores
        on
            numbered.track_id = track_scores.track_id
            and weeks.score_weights_version = track_scores.score_weights_version
    left join track_vibes
        on
            numbered.track_id = track_vibes.track_id
            and weeks.vibe_thresholds_version = track_vibes.vibe_thresholds_version

)

select * from final
