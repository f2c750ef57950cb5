with similarities as (

    select * from {{ ref('fct_feature_similarity') }}

),

final as (

    select
        recommender,
        recommender_version,
        user_id,
        week_start,
        top_song_number,
        audio_feature,
        predicted_pct,
        actual_pct,
        difference_pp,
        similarity_pct,
        is_same_provider
    from similarities

)

select * from final
