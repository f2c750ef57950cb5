with

users as (select * from {{ ref('dim_users') }}),

listener_tracks as (select * from {{ ref('int_listener_tracks') }}),

tracks as (select * from {{ ref('dim_tracks') }}),

dominant_segments as (

    select * from {{ ref('int_listening_by_segment') }}
    where segment_number = 1

),

current_versions as (

    select
        max(case when family = 'vibe_thresholds' then version end) as vibe_thresholds_version,
        max(case when family = 'sound_clusters' then version end) as sound_clusters_version
    from {{ ref('int_definition_versions') }}
    where is_current

),

listening as (

    select
        listener_tracks.user_id,
        cast(sum(listener_tracks.listens) as bigint) as listens,
        cast(sum(case when tracks.has_all_features then listener_tracks.listens else 0 end) as bigint)
            as scored_listens,
        cast(sum(case when tracks.genre is not null then listener_tracks.listens else 0 end) as bigint)
            as genre_listens
    from listener_tracks
    inner join tracks
        on listener_tracks.track_id = tracks.track_id
    group by listener_tracks.user_id

),

counted as (

    select
        users.user_id,
        coalesce(listening.listens, 0) as listens,
        coalesce(listening.scored_listens, 0) as scored_listens,
        coalesce(listening.genre_listens, 0) as genre_listens
    from users
    left join listening
        on users.user_id = listening.user_id

),

final as (

    select
        counted.user_id,
        counted.listens,
        counted.scored_listens,
        {{ share_pct('counted.scored_listens', 'counted.listens') }} as feature_coverage_pct,
        counted.genre_listens,
        {{ share_pct('counted.genre_listens', 'counted.listens') }} as genre_coverage_pct,
        case when counted.listens = 0 then 'no listens' end as coverage_null_reason,
        vibes.segment as dominant_vibe,
        vibes.listens as dominant_vibe_listens,
        {{ share_pct('vibes.listens', 'counted.scored_listens') }} as dominant_vibe_share_pct,
        sound_clusters.segment as dominant_sound_cluster,
        sound_clusters.listens as dominant_sound_cluster_listens,
        {{ share_pct('sound_clusters.listens', 'counted.scored_listens') }} as dominant_sound_cluster_share_pct,
        case
            when counted.listens = 0 then 'no listens'
            when counted.scored_listens = 0 then 'no audio features'
        end as features_null_reason,
        genres.segment as dominant_genre,
        genres.listens as dominant_genre_listens,
        {{ share_pct('genres.listens', 'counted.genre_listens') }} as dominant_genre_share_pct,
        case
            when counted.listens = 0 then 'no listens'
            when counted.genre_listens = 0 then 'no genre known'
        end as genre_null_reason,
        current_versions.vibe_thresholds_version,
        current_versions.sound_clusters_version
    from counted
    cross join current_versions
    left join dominant_segments as vibes
        on
            counted.user_id = vibes.user_id
            and vibes.segment_kind = 'vibe'
    left join dominant_segments as sound_clusters
        on
            counted.user_id = sound_clusters.user_id
            and sound_clusters.segment_kind = 'sound cluster'
    left join dominant_segments as genres
        on
            counted.user_id = genres.user_id
            and genres.segment_kind = 'genre'

)

select * from final
