with

source as (

    select *
    from {{ source('spotify', 'artists') }}
    where _dlt_load_id in (
        select loads.load_id
        from {{ source('spotiflow', '_dlt_loads') }} as loads
        where loads.status = 0
    )

),

renamed as (

    select
        ---- ids
        artist_id,

        ---- strings
        artist_name
    from source

),

final as (

    select * from renamed

)

select * from final
