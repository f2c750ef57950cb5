with

source as (

    {{ completed_loads('spotify', 'streaming_history') | indent(4) }}

),

renamed as (

    select
        ---- ids
        {{ hashed_id(['user_id', 'ended_at', 'content_uri', 'ms_played']) }} as streaming_history_id,
        user_id,
        track_id,
        content_uri,

        ---- strings
        content_kind,
        track_name,
        artist_name,
        album_name,
        reason_start,
        reason_end,
        export_format,

        ---- numerics
        ms_played as listened_ms,

        ---- booleans
        is_shuffle,
        is_skipped as is_marked_skipped,
        is_offline,
        is_incognito,

        ---- timestamps
        ended_at
    from source

)

select * from renamed
