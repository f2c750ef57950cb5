with

measures as (select * from {{ ref('int_recommendation_measures') }}),

interval_clusters as (select * from {{ ref('int_interval_clusters') }}),

interval_steps as (select * from {{ ref('int_interval_steps') }}),

-- A listener's week is the smallest cluster that any scope needs.
by_week as (

    select
        recommender,
        recommender_version,
        user_id,
        week_start,
        metric,
        horizon,
        count(*) as answers,
        {{ exact_sum('part') }} as part,
        {{ exact_sum('whole') }} as whole
    from measures
    group by
        recommender,
        recommender_version,
        user_id,
        week_start,
        metric,
        horizon

),

in_scopes as ({{ in_scopes('by_week') }}),

with_cluster_kind as (

    select
        in_scopes.*,
        case when in_scopes.scope = 'listener' then 'weeks' else interval_clusters.cluster_kind end as cluster_kind
    from in_scopes
    cross join interval_clusters

),

by_cluster as (

    select
        scope,
        recommender,
        recommender_version,
        week,
        listener,
        metric,
        horizon,
        cluster_kind,
        {{ cluster_id('cluster_kind', 'user_id', 'week_start') }} as cluster,
        sum(answers) as answers,
        {{ exact_sum('part') }} as part,
        {{ exact_sum('whole') }} as whole
    from with_cluster_kind
    group by
        scope,
        recommender,
        recommender_version,
        week,
        listener,
        metric,
        horizon,
        cluster_kind,
        {{ cluster_id('cluster_kind', 'user_id', 'week_start') }}

),

estimates as (

    {{ ratio_estimates(
        'by_cluster',
        ['scope', 'recommender', 'recommender_version', 'week', 'listener', 'metric', 'horizon'],
        'interval_steps',
    ) | indent(4) }}

),

counted as (

    select
        scope,
        recommender,
        recommender_version,
        week,
        listener,
        metric,
        horizon,
        sum(answers) as answers
    from by_cluster
    group by
        scope,
        recommender,
        recommender_version,
        week,
        listener,
        metric,
        horizon

),

final as (

    select
        estimates.scope,
        estimates.recommender,
        estimates.recommender_version,
        estimates.week,
        estimates.listener,
        estimates.metric,
        estimates.horizon,
        estimates.cluster_kind,
        estimates.clusters,
        cast(counted.answers as bigint) as answers,
        estimates.ratio as metric_value,
        estimates.standard_error,
        estimates.interval_low,
        estimates.interval_high,
        estimates.interval_null_reason
    from estimates
    inner join counted
        on
            estimates.scope = counted.scope
            and estimates.recommender = counted.recommender
            and estimates.recommender_version = counted.recommender_version
            and estimates.week = counted.week
            and estimates.listener = counted.listener
            and estimates.metric = counted.metric
            and estimates.horizon = counted.horizon

)

select * from final
