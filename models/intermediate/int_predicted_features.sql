with

recommendations as (select * from {{ ref('int_recommendations_with_outcomes') }}),

track_features as (

    select * from {{ ref('int_track_features') }}
    where has_all_features

),

audio_features as (select * from {{ ref('audio_features') }}),

marked as (

    select
        recommendations.*,
        recommendations.is_prediction
        and {{ has_all_features('recommendations', '_pct') | indent(8) }} as is_scored_prediction
    from recommendations
    -- A seed track that is no Top Song any more (definitions changed since) is nobody's prediction.
    where recommendations.top_song_number is not null

),

-- One row per recommender and Top Song, even when none of its first tracks is scored.
predicted as (

    select
        recommender,
        max(recommender_version) as recommender_version,
        user_id,
        week_start,
        top_song_number,
        seed_track_id,
        count(case when is_prediction then 1 end) as recommendations,
        count(case when is_scored_prediction then 1 end) as scored_recommendations,
        min(case when is_scored_prediction then provider end) as first_provider,
        max(case when is_scored_prediction then provider end) as last_provider,
        {%- for feature in audio_features() %}
        {{ exact_mean('case when is_scored_prediction then ' ~ feature ~ '_pct end') }} as {{ feature }}_pct
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from marked
    group by
        recommender,
        user_id,
        week_start,
        top_song_number,
        seed_track_id

),

by_feature as (

    select
        predicted.recommender,
        predicted.recommender_version,
        predicted.user_id,
        predicted.week_start,
        predicted.top_song_number,
        predicted.seed_track_id,
        audio_features.audio_feature,
        {{ feature_pct('audio_features.audio_feature', 'predicted') | indent(4) }} as predicted_pct,
        {{ feature_pct('audio_features.audio_feature', 'track_features') | indent(4) }} as actual_pct,
        predicted.recommendations,
        predicted.scored_recommendations,
        track_features.provider as actual_provider,
        -- Null, like every comparison with nothing, when either side has no features.
        predicted.first_provider = track_features.provider
        and predicted.last_provider = track_features.provider as is_same_provider
    from predicted
    cross join audio_features
    left join track_features
        on predicted.seed_track_id = track_features.track_id

),

final as (

    select
        *,
        predicted_pct - actual_pct as difference_pp,
        100 - abs(predicted_pct - actual_pct) as similarity_pct
    from by_feature

)

select * from final
