with

-- Only a track with all seven features is measured: means and scores elsewhere run over the same tracks.
track_features as (

    select * from {{ ref('int_track_features') }}
    where has_all_features

),

audio_features as (select * from {{ ref('audio_features') }}),

scores as (select * from {{ ref('scores') }}),

score_weights as (select * from {{ ref('score_weights') }}),

current_version as (

    select version
    from {{ ref('int_definition_versions') }}
    where
        family = 'score_weights'
        and is_current

),

versioned_features as (

    select
        track_features.*,
        current_version.version as score_weights_version
    from track_features
    cross join current_version

),

track_scores as (

    {{ weighted_scores('versioned_features', 'score_weights', ['track_id']) | indent(4) }}

),

final as (

    select
        track_features.track_id,
        'audio feature' as measure_kind,
        audio_features.audio_feature as measure,
        audio_features.feature_order as measure_order,
        {{ feature_pct('audio_features.audio_feature', 'track_features') | indent(8) }} as measure_pct
    from track_features
    cross join audio_features

    union all

    select
        track_scores.track_id,
        'score' as measure_kind,
        track_scores.score as measure,
        scores.score_order as measure_order,
        track_scores.score_value as measure_pct
    from track_scores
    inner join scores
        on track_scores.score = scores.score

)

select * from final
