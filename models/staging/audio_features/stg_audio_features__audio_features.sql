with

source as (

    select *
    from {{ source('audio_features', 'audio_features') }}
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

        ---- strings
        provider,
        -- A catalogue is searched by track id and says nothing of it.
        case when is_found then coalesce(matched_by, 'track_id') end as matched_by,

        ---- numerics
        danceability,
        energy,
        liveness,
        acousticness,
        instrumentalness,
        speechiness,
        valence,
        tempo as tempo_bpm,
        loudness as loudness_db,

        ---- booleans
        is_found,

        ---- timestamps
        checked_at
    from source

),

final as (

    select * from renamed

)

select * from final
