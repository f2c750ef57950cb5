with

similarities as (select * from {{ ref('int_feature_similarity') }}),

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
        similarity_null_reason,
        chance_difference_pp,
        chance_null_reason,
        recommendations,
        scored_recommendations,
        actual_provider,
        is_same_provider
    from similarities

)

select * from final
