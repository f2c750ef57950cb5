with

users as (

    select * from {{ ref('dim_users') }}
    where plays > 0

),

final as (

    select
        count(*) as listeners,
        case when count(*) = 1 then 'weeks' else 'listeners' end as cluster_kind
    from users

)

select * from final
