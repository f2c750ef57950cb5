with

-- Only a track with all seven features is scored: a song has scores exactly when its listens are scored listens.
track_features as (

    select * from {{ ref('int_track_features') }}
    where has_all_features

),

score_weights as (select * from {{ ref('score_weights') }}),

versions as (

    select * from {{ ref('int_definition_versions') }}
    where family = 'score_weights'

),

features as (

    select
        track_features.*,
        versions.version as score_weights_version
    from track_features
    cross join versions

),

scores as (

    {{ weighted_scores('features', 'score_weights', ['track_id']) | indent(4) }}

),

final as (

    select
        track_id,
        score_weights_version,
        {{ score_column('energy') }} as energy_score,
        {{ score_column('musicality') }} as musicality_score,
        {{ score_column('positivity') }} as positivity_score
    from scores
    group by
        track_id,
        score_weights_version

)

select * from final
