with

source as (

    {{ completed_loads('spotiflow', 'load_log') | indent(4) }}

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

)

select * from renamed
