-- A view: fct_feature_similarity keeps its rows.
{{ config(materialized='view') }}

with

similarities as (select * from {{ ref('int_predicted_features') }}),

chance_levels as (select * from {{ ref('int_chance_levels') }}),

-- There is a chance level for predictions from the song's own provider. (As a condition of the join, is_same_provider
-- would cost ten times as much.)
with_pool as (

    select
        *,
        case when is_same_provider then actual_provider end as pool_provider
    from similarities

),

with_chance as (

    select
        with_pool.*,
        {{ feature_pct('with_pool.audio_feature', 'chance_levels') | indent(4) }} as chance_difference_pp
    from with_pool
    left join chance_levels
        on
            with_pool.seed_track_id = chance_levels.seed_track_id
            and with_pool.pool_provider = chance_levels.provider
            and with_pool.scored_recommendations = chance_levels.scored_recommendations

),

final as (

    select
        recommender,
        recommender_version,
        user_id,
        week_start,
        top_song_number,
        seed_track_id,
        audio_feature,
        predicted_pct,
        actual_pct,
        difference_pp,
        similarity_pct,
        case
            when scored_recommendations = 0 then 'no recommendation has audio features'
            when actual_provider is null then 'song has no audio features'
        end as similarity_null_reason,
        chance_difference_pp,
        case
            when scored_recommendations = 0 then 'no recommendation has audio features'
            when actual_provider is null then 'song has no audio features'
            when not is_same_provider then 'features of different providers'
            when chance_difference_pp is null then 'too few tracks to draw from'
        end as chance_null_reason,
        recommendations,
        scored_recommendations,
        actual_provider,
        is_same_provider
    from with_chance

)

select * from final
