with

source as (

    select *
    from {{ source('spotify', 'top_tracks') }}
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
        track_id,

        ---- strings
        time_range,

        ---- numerics
        rank as top_track_number,

        ---- dates
        captured_on as captured_date,

        ---- timestamps
        captured_at
    from source

),

final as (

    select * from renamed

)

select * from final
