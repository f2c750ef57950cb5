{%- set keys = [
    'comparison_kind', 'is_paired', 'first_recommender', 'first_version', 'first_variant', 'second_recommender',
    'second_version', 'second_variant', 'metric', 'horizon',
] -%}

with

clusters as (select * from {{ ref('int_comparison_clusters') }}),

interval_steps as (select * from {{ ref('int_interval_steps') }}),

metrics as (select * from {{ ref('int_scorecard_metrics') }}),

t_quantiles as (select * from {{ ref('t_quantiles') }}),

constants as (select * from {{ ref('diagnostic_constants') }}),

estimates as (

    {{ ratio_difference_estimates('clusters', keys, 'interval_steps') | indent(4) }}

),

counted as (

    select
        {%- for key in keys %}
        {{ key }},
        {%- endfor %}
        cast(sum(first_answers) as bigint) as first_answers,
        cast(sum(second_answers) as bigint) as second_answers,
        sum(first_won) as first_won,
        sum(second_won) as second_won,
        sum(tied) as tied
    from clusters
    group by
        {{ keys | join(',\n        ') }}

),

-- How far a true difference must lie from the interval's edge to be found as often as is asked for. Of the largest
-- sample there is: how many listeners it takes is not known yet.
power_quantiles as (

    select t_quantiles.quantile as power_quantile
    from t_quantiles
    inner join constants
        on
            constants.constant = 'comparison_power'
            -- Levels have one or two decimals.
            and cast(t_quantiles.level as decimal(6, 4)) = cast(2 * constants.value - 1 as decimal(6, 4))
    order by t_quantiles.degrees_of_freedom desc
    limit 1

),

judged as (

    select
        estimates.*,
        counted.first_answers,
        counted.second_answers,
        counted.first_won,
        counted.second_won,
        counted.tied,
        metrics.horizon_days,
        metrics.smallest_effect,
        power_quantiles.power_quantile
    from estimates
    inner join counted
        on
            estimates.comparison_kind = counted.comparison_kind
            and estimates.first_recommender = counted.first_recommender
            and estimates.first_version = counted.first_version
            and estimates.first_variant = counted.first_variant
            and estimates.second_recommender = counted.second_recommender
            and estimates.second_version = counted.second_version
            and estimates.second_variant = counted.second_variant
            and estimates.metric = counted.metric
            and estimates.horizon = counted.horizon
    inner join metrics
        on
            estimates.metric = metrics.metric
            and estimates.horizon = metrics.horizon
    left join power_quantiles
        on power_quantiles.power_quantile > 0

),

final as (

    select
        comparison_kind,
        first_recommender,
        first_version,
        first_variant,
        second_recommender,
        second_version,
        second_variant,
        is_paired,
        metric,
        horizon,
        horizon_days,
        first_ratio as first_value,
        second_ratio as second_value,
        difference,
        {{ interval_scope('cluster_kind') }} as interval_scope,
        standard_error,
        interval_low,
        interval_high,
        interval_null_reason,
        case
            when interval_null_reason is not null then 'not enough data'
            when interval_low > 0 then 'first is better'
            when interval_high < 0 then 'second is better'
            else 'no difference shown'
        end as verdict,
        first_answers,
        second_answers,
        clusters,
        case when is_paired then {{ share_pct('first_won', 'first_answers') }} end as first_won_pct,
        case when is_paired then {{ share_pct('second_won', 'first_answers') }} end as second_won_pct,
        case when is_paired then {{ share_pct('tied', 'first_answers') }} end as tied_pct,
        case when not is_paired then 'not on the same songs' end as won_null_reason,
        smallest_effect,
        case
            when interval_null_reason is null
                then cast(ceil(
                    clusters * power((t_quantile + power_quantile) * standard_error / smallest_effect, 2)
                ) as bigint)
        end as clusters_needed
    from judged

)

select * from final
