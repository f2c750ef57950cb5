with

source as (

    select *
    from {{ source('spotiflow', 'rejected_rows') }}
    where _dlt_load_id in (
        select loads.load_id
        from {{ source('spotiflow', '_dlt_loads') }} as loads
        where loads.status = 0
    )

),

renamed as (

    select
        ---- ids
        rejection_id,
        user_id,

        ---- strings
        source,
        file,
        reason,
        fields,

        ---- numerics
        row as row_number_in_file
    from source

),

final as (

    select * from renamed

)

select * from final
