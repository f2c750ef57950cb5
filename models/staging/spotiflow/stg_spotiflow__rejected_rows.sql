with

source as (

    {{ completed_loads('spotiflow', 'rejected_rows') | indent(4) }}

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

)

select * from renamed
