-- A returned row is a kind of cluster whose intervals would be missing: the level in use has no quantile in t_quantiles
-- for the least number of clusters and fewer.
with

constants as (select * from {{ ref('diagnostic_constants') }}),

least as (

    select
        least_clusters.constant,
        least_clusters.value as least_clusters,
        levels.value as level
    from constants as least_clusters
    cross join constants as levels
    where
        least_clusters.constant in ('interval_least_listeners', 'interval_least_weeks')
        and levels.constant = 'interval_level'

),

t_quantiles as (select * from {{ ref('t_quantiles') }})

select
    least.constant,
    least.least_clusters,
    least.level
from least
left join t_quantiles
    on
        least.level = t_quantiles.level
        and t_quantiles.degrees_of_freedom <= least.least_clusters - 1
where t_quantiles.quantile is null
