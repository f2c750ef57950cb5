with

t_quantiles as (select * from {{ ref('t_quantiles') }}),

constants as (select * from {{ ref('diagnostic_constants') }}),

cluster_kinds as (

    select
        case constant
            when 'interval_least_listeners' then 'listeners'
            when 'interval_least_weeks' then 'weeks'
        end as cluster_kind,
        value as least_clusters
    from constants
    where constant in ('interval_least_listeners', 'interval_least_weeks')

),

-- Clusters less one are the degrees of freedom. A row counts until the next one of its level.
steps as (

    select
        t_quantiles.degrees_of_freedom + 1 as clusters_from,
        lead(t_quantiles.degrees_of_freedom) over (order by t_quantiles.degrees_of_freedom) + 1 as clusters_before,
        t_quantiles.quantile as t_quantile
    from t_quantiles
    inner join constants
        on
            constants.constant = 'interval_level'
            and t_quantiles.level = constants.value

),

final as (

    select
        cluster_kinds.cluster_kind,
        cast(greatest(steps.clusters_from, cluster_kinds.least_clusters) as bigint) as clusters_from,
        cast(steps.clusters_before as bigint) as clusters_before,
        steps.t_quantile
    from steps
    inner join cluster_kinds
        on
            steps.clusters_before is null
            or steps.clusters_before > cluster_kinds.least_clusters

)

select * from final
