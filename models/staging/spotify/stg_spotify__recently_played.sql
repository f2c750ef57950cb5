with

source as (

    select *
    from {{ source('spotify', 'recently_played') }}
    where _dlt_load_id in (
        select loads.load_id
        from {{ source('spotiflow', '_dlt_loads') }} as loads
        where loads.status = 0
    )

),

renamed as (

    select
        ---- ids
        {{ hashed_id(['user_id', 'played_at', 'track_id']) }} as recently_played_id,
        user_id,
        track_id,
        artist_id,

        ---- strings
        track_name,
        artist_name,
        album_name,

        ---- numerics
        duration_ms,

        ---- timestamps
        played_at as ended_at
    from source

),

final as (

    select * from renamed

)

select * from final
