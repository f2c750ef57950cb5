with

listener_tracks as (

    select * from {{ ref('int_listener_tracks') }}
    where listens > 0

),

tracks as (select * from {{ ref('int_track_labels') }}),

vibe_thresholds as (select * from {{ ref('vibe_thresholds') }}),

sound_clusters as (select * from {{ ref('sound_clusters') }}),

described as (

    select
        listener_tracks.user_id,
        listener_tracks.listens,
        tracks.vibe,
        tracks.vibe_thresholds_version,
        tracks.sound_cluster,
        tracks.sound_clusters_version,
        tracks.genre,
        tracks.has_all_features
    from listener_tracks
    inner join tracks
        on listener_tracks.track_id = tracks.track_id

),

-- Vibes of scored listens only, so that vibes and sound clusters speak of the same listening.
by_vibe as (

    select
        user_id,
        vibe,
        vibe_thresholds_version,
        sum(listens) as listens
    from described
    where has_all_features
    group by
        user_id,
        vibe,
        vibe_thresholds_version

),

by_sound_cluster as (

    select
        user_id,
        sound_cluster,
        sound_clusters_version,
        sum(listens) as listens
    from described
    where has_all_features
    group by
        user_id,
        sound_cluster,
        sound_clusters_version

),

by_genre as (

    select
        user_id,
        genre,
        sum(listens) as listens
    from described
    where genre is not null
    group by
        user_id,
        genre

),

united as (

    select
        by_vibe.user_id,
        'vibe' as segment_kind,
        by_vibe.vibe as segment,
        vibe_thresholds.vibe_order as segment_order,
        by_vibe.listens
    from by_vibe
    inner join vibe_thresholds
        on
            by_vibe.vibe = vibe_thresholds.vibe
            and by_vibe.vibe_thresholds_version = vibe_thresholds.version

    union all

    select
        by_sound_cluster.user_id,
        'sound cluster' as segment_kind,
        by_sound_cluster.sound_cluster as segment,
        sound_clusters.cluster_order as segment_order,
        by_sound_cluster.listens
    from by_sound_cluster
    inner join sound_clusters
        on
            by_sound_cluster.sound_cluster = sound_clusters.sound_cluster
            and by_sound_cluster.sound_clusters_version = sound_clusters.version

    union all

    -- Genres have no order of their own: by name.
    select
        user_id,
        'genre' as segment_kind,
        genre as segment,
        0 as segment_order,
        listens
    from by_genre

),

final as (

    select
        user_id,
        segment_kind,
        segment,
        cast(listens as bigint) as listens,
        row_number() over (
            partition by user_id, segment_kind
            order by
                listens desc,
                segment_order asc,
                segment asc
        ) as segment_number
    from united

)

select * from final
