with

source as (

    {{ completed_loads('spotify', 'tracks') | indent(4) }}

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

)

select * from renamed
