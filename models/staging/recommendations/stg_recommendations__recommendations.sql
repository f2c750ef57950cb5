with

source as (

    {{ completed_loads('recommendations', 'recommendations') | indent(4) }}

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

)

select * from renamed
