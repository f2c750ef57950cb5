with

listeners as (select * from {{ ref('int_listener_totals') }}),

final as (

    select
        count(*) as listeners,
        case when count(*) = 1 then 'weeks' else 'listeners' end as cluster_kind
    from listeners

)

select * from final
