with

answers as (select * from {{ ref('int_recommendation_answers') }}),

metrics as (select * from {{ ref('int_scorecard_metrics') }}),

estimates as (select * from {{ ref('int_recommender_estimates') }}),

coverages as (select * from {{ ref('int_recommender_coverage') }}),

in_scopes as ({{ in_scopes('answers') }}),

-- Every metric has a row wherever a recommender answered, also when nothing can be said.
cards as (

    select
        scope,
        recommender,
        recommender_version,
        week,
        listener,
        count(*) as all_answers,
        count(distinct user_id) as all_listeners,
        sum(predicted_tracks) as predicted_tracks,
        count(case when is_short_horizon_observed then 1 end) as short_observed_answers,
        count(case when is_long_horizon_observed then 1 end) as long_observed_answers
    from in_scopes
    group by
        scope,
        recommender,
        recommender_version,
        week,
        listener

),

joined as (

    select
        cards.scope,
        cards.recommender,
        cards.recommender_version,
        cards.week,
        cards.listener,
        metrics.metric,
        metrics.horizon,
        metrics.horizon_days,
        metrics.has_interval,
        metrics.lowest,
        metrics.highest,
        cards.all_answers,
        cards.all_listeners,
        cards.predicted_tracks,
        case metrics.horizon
            when 'short' then cards.short_observed_answers
            when 'long' then cards.long_observed_answers
        end as observed_answers,
        case
            when metrics.metric = 'coverage' then coverages.coverage_pct
            else estimates.metric_value
        end as metric_value,
        case
            when metrics.metric = 'coverage' then cards.all_answers
            else coalesce(estimates.answers, 0)
        end as answers,
        estimates.cluster_kind,
        coalesce(estimates.clusters, 0) as clusters,
        estimates.standard_error,
        estimates.interval_low,
        estimates.interval_high
    from cards
    cross join metrics
    left join estimates
        on
            cards.scope = estimates.scope
            and cards.recommender = estimates.recommender
            and cards.recommender_version = estimates.recommender_version
            and cards.week = estimates.week
            and cards.listener = estimates.listener
            and metrics.metric = estimates.metric
            and metrics.horizon = estimates.horizon
    left join coverages
        on
            metrics.metric = 'coverage'
            and cards.scope = coverages.scope
            and cards.recommender = coverages.recommender
            and cards.recommender_version = coverages.recommender_version
            and cards.week = coverages.week
            and cards.listener = coverages.listener

),

final as (

    select
        scope,
        recommender,
        recommender_version,
        week,
        listener,
        metric,
        horizon,
        horizon_days,
        metric_value,
        case
            when metric_value is not null then null
            when observed_answers = 0 then 'horizon not observed'
            when predicted_tracks = 0 then 'nothing recommended'
            when metric in ('novelty', 'popularity_bias') then 'as_of unknown'
            else 'no audio features'
        end as metric_null_reason,
        answers,
        all_answers,
        all_listeners,
        clusters,
        case
            when metric_value is not null and has_interval then {{ interval_scope('cluster_kind') }}
        end as interval_scope,
        case when has_interval then standard_error end as standard_error,
        -- A hit rate below zero or above all is none, so the interval ends there. greatest() and least() leave nulls
        -- out: a bound that is not there changes nothing, but an interval that is not there must not become its bound.
        -- Where everybody is alike (all songs are hits), nothing tells how much others would differ.
        case
            when has_interval and interval_low is not null and standard_error > 0 then greatest(interval_low, lowest)
        end as interval_low,
        case
            when has_interval and interval_high is not null and standard_error > 0 then least(interval_high, highest)
        end as interval_high,
        case
            when not has_interval then 'described only'
            when metric_value is null then 'no value'
            when interval_low is null then 'not enough data'
            when standard_error = 0 then 'no variation'
        end as interval_null_reason
    from joined

)

select * from final
