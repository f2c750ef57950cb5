with

recommendations as (

    select * from {{ ref('int_recommendations_with_outcomes') }}
    where
        is_prediction
        and top_song_number is not null

),

pool as (

    select * from {{ ref('int_track_features') }}
    where has_all_features

),

pool_size as (

    select count(*) as tracks
    from pool

),

recommended as (

    select
        recommendations.recommender,
        coalesce(recommendations.recommender_version, 'not given') as recommender_version,
        recommendations.user_id,
        recommendations.week_start,
        recommendations.top_song_number,
        pool.track_id
    from recommendations
    left join pool
        on recommendations.track_id = pool.track_id

),

in_scopes as ({{ in_scopes('recommended') }}),

final as (

    select
        in_scopes.scope,
        in_scopes.recommender,
        in_scopes.recommender_version,
        in_scopes.week,
        in_scopes.listener,
        count(distinct in_scopes.track_id) as recommended_tracks,
        max(pool_size.tracks) as pool_tracks,
        {{ share_pct('count(distinct in_scopes.track_id)', 'max(pool_size.tracks)') }} as coverage_pct
    from in_scopes
    cross join pool_size
    group by
        in_scopes.scope,
        in_scopes.recommender,
        in_scopes.recommender_version,
        in_scopes.week,
        in_scopes.listener

)

select * from final
