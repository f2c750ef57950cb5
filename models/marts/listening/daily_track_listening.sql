with

plays as (select * from {{ ref('fct_plays') }}),

tracks as (select * from {{ ref('dim_tracks') }}),

track_scores as (select * from {{ ref('int_track_scores') }}),

track_vibes as (select * from {{ ref('int_track_vibes') }}),

calendar as (select * from {{ ref('int_definition_calendar') }}),

summed as (

    select
        user_id,
        listening_date,
        week_start,
        track_id,
        count(*) as plays,
        count(case when is_listen then 1 end) as listens,
        coalesce({{ minutes('sum(listened_ms)') }}, 0) as minutes_listened
    from plays
    group by
        user_id,
        listening_date,
        week_start,
        track_id

),

final as (

    select
        summed.user_id,
        summed.listening_date,
        summed.week_start,
        summed.track_id,
        coalesce(tracks.track_name, 'Unknown title') as track_name,
        coalesce(tracks.artist_name, 'Unknown artist') as artist_name,
        summed.plays,
        summed.listens,
        summed.minutes_listened,
        track_scores.positivity_score,
        track_vibes.vibe,
        {{ track_score_null_reason('tracks.has_all_features') }} as score_null_reason,
        calendar.score_weights_version,
        calendar.vibe_thresholds_version,
        calendar.listen_rules_version
    from summed
    inner join tracks
        on summed.track_id = tracks.track_id
    inner join calendar
        on summed.week_start = calendar.week_start
    left join track_scores
        on
            summed.track_id = track_scores.track_id
            and calendar.score_weights_version = track_scores.score_weights_version
    left join track_vibes
        on
            summed.track_id = track_vibes.track_id
            and calendar.vibe_thresholds_version = track_vibes.vibe_thresholds_version

)

select * from final
