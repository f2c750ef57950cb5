with

source as (

    select *
    from {{ source('recommendations', 'recommendation_requests') }}
    where _dlt_load_id in (
        select loads.load_id
        from {{ source('spotiflow', '_dlt_loads') }} as loads
        where loads.status = 0
    )

),

renamed as (

    select
        ---- ids
        user_id,
        seed_track_id,
        _dlt_load_id as load_id,

        ---- strings
        recommender,
        recommender_version,
        outcome,

        ---- numerics
        tracks,

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
