with

engagement as (select * from {{ ref('int_engagement_by_track') }}),

measures as (select * from {{ ref('int_track_measures') }}),

interval_steps as (select * from {{ ref('int_interval_steps') }}),

-- One row per measure, outcome, listener (in a week, where weeks are the clusters) and track: how many plays are known,
-- and the sum of what is known about them, in percent.
known as (

    {% for outcome in engagement_outcomes() -%}
    select
        measures.measure_kind,
        measures.measure,
        measures.measure_order,
        '{{ outcome.name }}' as outcome,
        engagement.user_id,
        engagement.cluster_kind,
        engagement.cluster_id,
        measures.measure_pct,
        cast(engagement.{{ outcome.known }} as double) as known,
        cast({{ outcome.part }} as double) as outcome_sum
    from engagement
    inner join measures
        on engagement.track_id = measures.track_id
    where engagement.{{ outcome.known }} > 0
    {%- if not loop.last %}

    union all

    {% endif %}
    {%- endfor %}

),

means as (

    select
        measure_kind,
        measure,
        outcome,
        user_id,
        {{ ratio_of_sums('known * measure_pct', 'known') }} as mean_measure_pct,
        {{ ratio_of_sums('outcome_sum', 'known') }} as mean_outcome_pct
    from known
    group by
        measure_kind,
        measure,
        outcome,
        user_id

),

-- Each listener is compared with themselves: what lies above and below their own means.
deviations as (

    select
        known.measure_kind,
        known.measure,
        known.outcome,
        known.cluster_kind,
        known.cluster_id,
        known.known,
        known.measure_pct - means.mean_measure_pct as measure_deviation,
        known.outcome_sum - known.known * means.mean_outcome_pct as outcome_deviation
    from known
    inner join means
        on
            known.measure_kind = means.measure_kind
            and known.measure = means.measure
            and known.outcome = means.outcome
            and known.user_id = means.user_id

),

-- The slope is a ratio of two sums over clusters, so its interval is that of a ratio. Ten points at a time.
clusters as (

    select
        measure_kind,
        measure,
        outcome,
        cluster_kind,
        cluster_id,
        10 * {{ exact_sum('measure_deviation * outcome_deviation') }} as part,
        {{ exact_sum('known * measure_deviation * measure_deviation') }} as whole
    from deviations
    group by
        measure_kind,
        measure,
        outcome,
        cluster_kind,
        cluster_id

),

estimates as (

    {{ ratio_estimates('clusters', ['measure_kind', 'measure', 'outcome'], 'interval_steps') | indent(4) }}

),

groups as (

    select
        measure_kind,
        measure,
        measure_order,
        outcome,
        cast(sum(known) as bigint) as known_plays,
        count(distinct user_id) as listeners,
        {{ interval_scope('max(cluster_kind)') }} as interval_scope
    from known
    group by
        measure_kind,
        measure,
        measure_order,
        outcome

),

final as (

    select
        groups.measure_kind,
        groups.measure,
        cast(groups.measure_order as bigint) as measure_order,
        groups.outcome,
        groups.known_plays,
        groups.listeners,
        estimates.ratio as slope_pp,
        case when estimates.ratio is null then 'no variation' end as slope_null_reason,
        estimates.interval_low as slope_low_pp,
        estimates.interval_high as slope_high_pp,
        case when estimates.interval_low is null then 'not enough data' end as interval_null_reason,
        estimates.interval_low > 0 or estimates.interval_high < 0 as is_told_from_zero,
        groups.interval_scope
    from groups
    left join estimates
        on
            groups.measure_kind = estimates.measure_kind
            and groups.measure = estimates.measure
            and groups.outcome = estimates.outcome

)

select * from final
