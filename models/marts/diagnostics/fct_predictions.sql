with

answers as (select * from {{ ref('int_recommendation_answers') }}),

final as (

    select
        recommender,
        recommender_version,
        variant,
        user_id,
        week_start,
        top_song_number,
        seed_track_id,
        predicted_tracks as recommendations,
        scored_tracks as scored_recommendations,
        similarity_sum / nullif(similarity_rows, 0) as similarity_pct,
        similarity_null_reason,
        difference_sum as difference_sum_pp,
        chance_difference_sum as chance_difference_sum_pp,
        chance_null_reason as difference_sum_null_reason,
        1 - difference_sum / nullif(chance_difference_sum, 0) as skill,
        case
            when chance_null_reason is not null then chance_null_reason
            when chance_difference_sum = 0 then 'chance level is zero'
        end as skill_null_reason,
        case when is_short_horizon_observed then short_hit = 1 end as is_hit_short_horizon,
        short_horizon_null_reason,
        case when is_long_horizon_observed then long_hit = 1 end as is_hit_long_horizon,
        long_horizon_null_reason
    from answers

)

select * from final
