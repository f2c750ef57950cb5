with

source as (

    select *
    from {{ source('spotify', 'feedback') }}
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
        track_id,

        ---- strings
        kind as feedback_kind,

        ---- numerics
        rating,

        ---- timestamps
        given_at
    from source

),

final as (

    select * from renamed

)

select * from final
