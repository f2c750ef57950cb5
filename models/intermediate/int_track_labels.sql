with

tracks as (select * from {{ ref('int_tracks') }}),

track_feature_status as (select * from {{ ref('int_track_feature_status') }}),

track_vibes as (select * from {{ ref('int_track_vibes') }}),

track_sound_clusters as (select * from {{ ref('int_track_sound_clusters') }}),

current_versions as (

    select
        max(case when family = 'vibe_thresholds' then version end) as vibe_thresholds_version,
        max(case when family = 'sound_clusters' then version end) as sound_clusters_version
    from {{ ref('int_definition_versions') }}
    where is_current

),

final as (

    select
        tracks.track_id,
        tracks.genre,
        track_feature_status.has_all_features,
        track_vibes.vibe,
        track_sound_clusters.sound_cluster,
        current_versions.vibe_thresholds_version,
        current_versions.sound_clusters_version
    from tracks
    cross join current_versions
    inner join track_feature_status
        on tracks.track_id = track_feature_status.track_id
    left join track_vibes
        on
            tracks.track_id = track_vibes.track_id
            and current_versions.vibe_thresholds_version = track_vibes.vibe_thresholds_version
    left join track_sound_clusters
        on tracks.track_id = track_sound_clusters.track_id

)

select * from final
