with

source as (

    {{ completed_loads('spotiflow', 'accounts') | indent(4) }}

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

)

select * from renamed
