with

tracks as (select * from {{ ref('int_tracks') }}),

track_features as (select * from {{ ref('int_track_features') }}),

track_scores as (select * from {{ ref('int_track_scores') }}),

track_feature_status as (select * from {{ ref('int_track_feature_status') }}),

track_labels as (select * from {{ ref('int_track_labels') }}),

current_version as (

    select max(version) as score_weights_version
    from {{ ref('int_definition_versions') }}
    where
        family = 'score_weights'
        and is_current

),

final as (

    select
        tracks.track_id,
        tracks.track_name,
        tracks.artist_name,
        tracks.album_name,
        tracks.duration_ms,
        case when tracks.duration_ms is null then 'length unknown' end as duration_null_reason,
        track_labels.genre,
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
        track_labels.vibe,
        track_labels.sound_cluster,
        current_version.score_weights_version,
        track_labels.vibe_thresholds_version,
        track_labels.sound_clusters_version
    from tracks
    cross join current_version
    inner join track_feature_status
        on tracks.track_id = track_feature_status.track_id
    left join track_features
        on tracks.track_id = track_features.track_id
    left join track_scores
        on
            tracks.track_id = track_scores.track_id
            and current_version.score_weights_version = track_scores.score_weights_version
    inner join track_labels
        on tracks.track_id = track_labels.track_id

)

select * from final
