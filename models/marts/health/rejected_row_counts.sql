with

rejected_rows as (select * from {{ ref('stg_spotiflow__rejected_rows') }}),

final as (

    select
        source,
        reason,
        count(*) as rows
    from rejected_rows
    group by
        source,
        reason

)

select * from final
