with

recommendations as (select * from {{ ref('int_recommendations_with_outcomes') }}),

tracks as (select * from {{ ref('dim_tracks') }}),

final as (

    select
        recommendations.recommendation_id,
        recommendations.recommender,
        recommendations.recommender_version,
        recommendations.variant,
        recommendations.user_id,
        recommendations.week_start,
        recommendations.top_song_number,
        recommendations.seed_track_id,
        recommendations.rank,
        recommendations.track_id,
        coalesce(tracks.track_name, 'Unknown title') as track_name,
        coalesce(tracks.artist_name, 'Unknown artist') as artist_name,
        recommendations.provider,
        {%- for feature in audio_features() %}
        recommendations.{{ feature }}_pct,
        {%- endfor %}
        recommendations.as_of,
        recommendations.requested_at,
        recommendations.position,
        recommendations.is_prediction,
        recommendations.is_new_to_listener,
        recommendations.is_listened_after,
        recommendations.days_until_listened,
        recommendations.is_listened_within_short_horizon,
        recommendations.short_horizon_null_reason,
        recommendations.is_listened_within_long_horizon,
        recommendations.plays_within_long_horizon,
        recommendations.listens_within_long_horizon,
        recommendations.skipped_plays_within_long_horizon,
        recommendations.completion_within_long_horizon_pct,
        recommendations.long_horizon_null_reason,
        recommendations.is_saved,
        recommendations.is_liked,
        recommendations.is_disliked,
        recommendations.rating_pct
    from recommendations
    inner join tracks
        on recommendations.track_id = tracks.track_id

)

select * from final
