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

track_feature_status as (

    select * from {{ ref('int_track_feature_status') }}

),

track_sound_clusters as (

    select * from {{ ref('int_track_sound_clusters') }}

),

current_versions as (

    select
        max(case when family = 'score_weights' then version end) as score_weights_version,
        max(case when family = 'vibe_thresholds' then version end) as vibe_thresholds_version,
        max(case when family = 'sound_clusters' then version end) as sound_clusters_version
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
        case when tracks.duration_ms is null then 'length unknown' end as duration_null_reason,
        tracks.genre,
        track_feature_status.provider,
        track_features.matched_by as features_matched_by,
        track_features.measured_track_id as features_track_id,
        track_feature_status.has_all_features,
        track_feature_status.features_null_reason,
        {%- for feature in audio_features() %}
        track_features.{{ feature }}_pct,
        {%- endfor %}
        track_scores.energy_score,
        track_scores.musicality_score,
        track_scores.positivity_score,
        track_vibes.vibe,
        track_sound_clusters.sound_cluster,
        current_versions.score_weights_version,
        current_versions.vibe_thresholds_version,
        current_versions.sound_clusters_version
    from tracks
    cross join current_versions
    inner join track_feature_status
        on tracks.track_id = track_feature_status.track_id
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
    left join track_sound_clusters
        on tracks.track_id = track_sound_clusters.track_id

)

select * from final
