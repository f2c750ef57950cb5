with

track_features as (

    select * from {{ ref('int_track_features') }}
    where has_all_features

),

sound_clusters as (select * from {{ ref('sound_clusters') }}),

current_version as (

    select version
    from {{ ref('int_definition_versions') }}
    where
        family = 'sound_clusters'
        and is_current

),

centres as (

    select sound_clusters.*
    from sound_clusters
    inner join current_version
        on sound_clusters.version = current_version.version

),

-- Every track with every centre: few centres, so a handful of rows per track.
distances as (

    select
        track_features.track_id,
        centres.version as sound_clusters_version,
        centres.sound_cluster,
        centres.cluster_order,
        {{ euclidean_distance('track_features', 'centres') | indent(8) }} as distance_pp
    from track_features
    cross join centres

),

-- Rounded first: two centres that are equally far must tie on every engine.
nearest_first as (

    select
        *,
        row_number() over (
            partition by track_id
            order by
                round(distance_pp, 6),
                cluster_order
        ) as nearness
    from distances

),

final as (

    select
        track_id,
        sound_clusters_version,
        sound_cluster,
        distance_pp
    from nearest_first
    where nearness = 1

)

select * from final
