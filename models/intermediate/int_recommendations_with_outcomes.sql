-- A view: fct_recommendations keeps its rows.
{{ config(materialized='view') }}

with

recommendations as (select * from {{ ref('int_recommendations') }}),

outcomes as (select * from {{ ref('int_recommendation_outcomes') }}),

top_songs as (select * from {{ ref('int_top_songs') }}),

track_features as (select * from {{ ref('int_track_features') }}),

final as (

    select
        recommendations.recommendation_id,
        recommendations.recommender,
        recommendations.recommender_version,
        recommendations.variant,
        recommendations.user_id,
        recommendations.week_start,
        top_songs.top_song_number,
        recommendations.seed_track_id,
        recommendations.rank,
        recommendations.track_id,
        track_features.provider,
        {%- for feature in audio_features() %}
        track_features.{{ feature }}_pct,
        {%- endfor %}
        recommendations.as_of,
        recommendations.requested_at,
        recommendations.position,
        recommendations.is_prediction,
        -- Without an as_of there are no outcomes.
        outcomes.is_new_to_listener,
        outcomes.is_listened_after,
        outcomes.days_until_listened,
        outcomes.is_listened_within_short_horizon,
        case
            when recommendations.as_of is null then 'as_of unknown'
            when outcomes.is_listened_within_short_horizon is null then 'horizon not observed'
        end as short_horizon_null_reason,
        outcomes.is_listened_within_long_horizon,
        outcomes.plays_within_long_horizon,
        outcomes.listens_within_long_horizon,
        outcomes.skipped_plays_within_long_horizon,
        outcomes.completion_within_long_horizon_pct,
        case
            when recommendations.as_of is null then 'as_of unknown'
            when outcomes.is_listened_within_long_horizon is null then 'horizon not observed'
        end as long_horizon_null_reason,
        outcomes.is_saved,
        outcomes.is_liked,
        outcomes.is_disliked,
        outcomes.rating_pct
    from recommendations
    left join track_features
        on recommendations.track_id = track_features.track_id
    left join top_songs
        on
            recommendations.user_id = top_songs.user_id
            and recommendations.week_start = top_songs.week_start
            and recommendations.seed_track_id = top_songs.track_id
    left join outcomes
        on
            recommendations.user_id = outcomes.user_id
            and recommendations.track_id = outcomes.track_id
            and recommendations.as_of = outcomes.as_of

)

select * from final
