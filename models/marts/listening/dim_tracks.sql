with

tracks as (

    select * from {{ ref('int_tracks') }}

),

track_features as (

    select * from {{ ref('int_track_features') }}

),

track_scores as (

    select * from {{ ref('int_track_scores') }}

),

track_vibes as (

    select * from {{ ref('int_track_vibes') }}

),

current_versions as (

    select
        max(case when family = 'score_weights' then version end) as score_weights_version,
        max(case when family = 'vibe_thresholds' then version end) as vibe_thresholds_version
    from {{ ref('int_definition_versions') }}
    where is_current

),

final as (

    select
        tracks.track_id,
        tracks.track_name,
        tracks.artist_name,
        tracks.album_name,
        tracks.duration_ms,
        track_features.provider,
        coalesce(track_features.has_all_features, false) as has_all_features,
        {%- for feature in audio_features() %}
        track_features.{{ feature }}_pct,
        {%- endfor %}
        track_scores.energy_score,
        track_scores.musicality_score,
        track_scores.positivity_score,
        track_vibes.vibe
    from tracks
    cross join current_versions
    left join track_features
        on tracks.track_id = track_features.track_id
    left join track_scores
        on
            tracks.track_id = track_scores.track_id
            and current_versions.score_weights_version = track_scores.score_weights_version
    left join track_vibes
        on
            tracks.track_id = track_vibes.track_id
            and current_versions.vibe_thresholds_version = track_vibes.vibe_thresholds_version

)

select * from final
