with

source as (

    {{ completed_loads('spotify', 'poll_log') | indent(4) }}

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

)

select * from renamed
