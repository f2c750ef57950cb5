with

source as (

    {{ completed_loads('audio_features', 'audio_features') | indent(4) }}

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

)

select * from renamed
