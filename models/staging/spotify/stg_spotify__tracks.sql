with

source as (

    select *
    from {{ source('spotify', 'tracks') }}
    where _dlt_load_id in (
        select loads.load_id
        from {{ source('spotiflow', '_dlt_loads') }} as loads
        where loads.status = 0
    )

),

renamed as (

    select
        ---- ids
        track_id,
        artist_id,
        isrc,

        ---- strings
        provider,
        track_name,
        artist_name,
        album_name,
        genre,

        ---- numerics
        duration_ms
    from source

),

final as (

    select * from renamed

)

select * from final
