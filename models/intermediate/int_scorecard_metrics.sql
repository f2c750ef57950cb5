{{ config(materialized='view') }}

with

metrics as (select * from {{ ref('recommender_metrics') }}),

constants as (select * from {{ ref('diagnostic_constants') }}),

horizons as (

    select
        case constant
            when 'short_horizon_days' then 'short'
            when 'long_horizon_days' then 'long'
        end as horizon,
        cast(value as bigint) as horizon_days
    from constants
    where constant in ('short_horizon_days', 'long_horizon_days')

    union all

    select
        'none' as horizon,
        cast(null as bigint) as horizon_days

),

final as (

    select
        metrics.metric,
        metrics.lowest,
        metrics.highest,
        metrics.has_interval,
        metrics.smallest_effect,
        horizons.horizon,
        horizons.horizon_days
    from metrics
    inner join horizons
        on metrics.uses_horizon = (horizons.horizon <> 'none')

)

select * from final
