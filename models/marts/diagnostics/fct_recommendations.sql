with

recommendations as (select * from {{ ref('int_recommendations_with_outcomes') }}),

tracks as (select * from {{ ref('dim_tracks') }}),

final as (

    select
        recommendations.*,
        coalesce(tracks.track_name, 'Unknown title') as track_name,
        coalesce(tracks.artist_name, 'Unknown artist') as artist_name
    from recommendations
    inner join tracks
        on recommendations.track_id = tracks.track_id

)

select * from final
