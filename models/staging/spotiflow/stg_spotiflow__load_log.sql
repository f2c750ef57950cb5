with

source as (

    select *
    from {{ source('spotiflow', 'load_log') }}
    where _dlt_load_id in (
        select loads.load_id
        from {{ source('spotiflow', '_dlt_loads') }} as loads
        where loads.status = 0
    )

),

renamed as (

    select
        ---- ids
        {{ hashed_id(['user_id', 'source', 'file', 'content_hash']) }} as load_record_id,
        user_id,
        content_hash,

        ---- strings
        source,
        file,
        problem,

        ---- numerics
        rows_read,
        rows_loaded,
        rows_set_aside,
        rows_repeated,
        rows_rejected,
        rows_new,

        ---- timestamps
        coalesce(covered_from, oldest_played_at) as covered_from,
        coalesce(covered_to, newest_played_at) as covered_to,
        coalesce(first_loaded_at, loaded_at) as first_loaded_at,
        loaded_at,
        oldest_played_at,
        newest_played_at
    from source

),

final as (

    select * from renamed

)

select * from final
