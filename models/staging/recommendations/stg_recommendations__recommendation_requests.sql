with

source as (

    {{ completed_loads('recommendations', 'recommendation_requests') | indent(4) }}

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

)

select * from renamed
