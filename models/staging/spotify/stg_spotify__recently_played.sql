with

source as (

    {{ completed_loads('spotify', 'recently_played') | indent(4) }}

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

)

select * from renamed
