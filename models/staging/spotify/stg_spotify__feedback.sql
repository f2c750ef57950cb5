with

source as (

    {{ completed_loads('spotify', 'feedback') | indent(4) }}

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

)

select * from renamed
