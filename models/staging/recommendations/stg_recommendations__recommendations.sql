with

source as (

    select *
    from {{ source('recommendations', 'recommendations') }}
    where _dlt_load_id in (
        select loads.load_id
        from {{ source('spotiflow', '_dlt_loads') }} as loads
        where loads.status = 0
    )

),

renamed as (

    select
        ---- ids
        {{ hashed_id(['recommender', 'user_id', 'week_start', 'seed_track_id', 'rank']) }} as recommendation_id,
        user_id,
        seed_track_id,
        track_id,
        _dlt_load_id as load_id,

        ---- strings
        recommender,
        recommender_version,
        variant,

        ---- numerics
        rank,

        ---- dates and timestamps
        week_start,
        requested_at,
        as_of
    from source

),

final as (

    select * from renamed

)

select * from final
