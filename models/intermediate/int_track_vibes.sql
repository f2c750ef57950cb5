with

-- Only a track with all seven features is scored: a song has scores exactly when its listens are scored listens.
track_features as (

    select * from {{ ref('int_track_features') }}
    where has_all_features

),

versions as (

    select * from {{ ref('int_definition_versions') }}
    where family = 'vibe_thresholds'

),

vibe_thresholds as (select * from {{ ref('vibe_thresholds') }}),

bands as (

    select vibe_thresholds.*
    from vibe_thresholds
    inner join versions
        on vibe_thresholds.version = versions.version

),

final as (

    select
        track_features.track_id,
        bands.version as vibe_thresholds_version,
        bands.vibe
    from track_features
    inner join bands
        on {{ is_in_band('track_features.valence_pct', 'bands') | indent(8) }}

)

select * from final
