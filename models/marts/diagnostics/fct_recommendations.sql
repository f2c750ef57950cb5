with

recommendations as (

    select * from {{ ref('int_recommendations') }}

),

plays as (

    select * from {{ ref('fct_plays') }}

),

top_songs as (

    select * from {{ ref('weekly_top_songs') }}

),

tracks as (

    select * from {{ ref('dim_tracks') }}

),

first_plays as (

    select
        user_id,
        track_id,
        min(played_at) as first_played_at
    from plays
    group by
        user_id,
        track_id

),

-- as_of belongs to the time after: what ends at that very moment, the recommender did not know.
first_listens_after as (

    select
        recommendations.recommendation_id,
        min(plays.played_at) as first_listened_at
    from recommendations
    inner join plays
        on
            recommendations.user_id = plays.user_id
            and recommendations.track_id = plays.track_id
            and recommendations.as_of <= plays.played_at
            and plays.is_listen
    group by recommendations.recommendation_id

),

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
        coalesce(tracks.track_name, 'Unknown title') as track_name,
        coalesce(tracks.artist_name, 'Unknown artist') as artist_name,
        tracks.provider,
        {%- for feature in audio_features() %}
        tracks.{{ feature }}_pct,
        {%- endfor %}
        recommendations.as_of,
        recommendations.requested_at,
        recommendations.position,
        recommendations.is_prediction,
        case
            when recommendations.as_of is not null
                then coalesce(first_plays.first_played_at >= recommendations.as_of, true)
        end as is_new_to_listener,
        case
            when recommendations.as_of is not null
                then first_listens_after.first_listened_at is not null
        end as is_listened_after,
        cast(
            floor(
                {{ milliseconds_between('recommendations.as_of', 'first_listens_after.first_listened_at') }}
                / (24 * 60 * 60 * 1000.0)
            ) as bigint
        ) as days_until_listened
    from recommendations
    inner join tracks
        on recommendations.track_id = tracks.track_id
    left join top_songs
        on
            recommendations.user_id = top_songs.user_id
            and recommendations.week_start = top_songs.week_start
            and recommendations.seed_track_id = top_songs.track_id
    left join first_plays
        on
            recommendations.user_id = first_plays.user_id
            and recommendations.track_id = first_plays.track_id
    left join first_listens_after
        on recommendations.recommendation_id = first_listens_after.recommendation_id

)

select * from final
