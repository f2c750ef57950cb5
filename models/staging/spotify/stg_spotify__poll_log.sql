with

source as (

    select *
    from {{ source('spotify', 'poll_log') }}
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

        ---- strings
        endpoint,
        outcome,
        coalesce(service, 'spotify') as service,

        ---- numerics
        status_code,
        page_size,
        coalesce(attempt, 1) as attempt,
        retry_after_seconds,

        ---- timestamps
        requested_at,
        oldest_played_at,
        newest_played_at
    from source

),

final as (

    select * from renamed

)

select * from final
