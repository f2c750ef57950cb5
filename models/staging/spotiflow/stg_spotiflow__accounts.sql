with

source as (

    select *
    from {{ source('spotiflow', 'accounts') }}
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
        display_name,
        timezone,

        ---- booleans
        is_sample
    from source

),

final as (

    select * from renamed

)

select * from final
