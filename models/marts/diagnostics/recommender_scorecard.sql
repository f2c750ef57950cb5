with

scorecards as (

    select * from {{ ref('int_scorecards') }}
    where scope in ('all weeks', 'week')

),

final as (

    select
        recommender,
        recommender_version,
        scope as period,
        case when scope = 'week' then cast(week as date) end as week_start,
        metric,
        horizon,
        horizon_days,
        metric_value,
        metric_null_reason,
        answers,
        all_answers,
        all_listeners as listeners,
        clusters,
        interval_scope,
        standard_error,
        interval_low,
        interval_high,
        interval_null_reason
    from scorecards

)

select * from final
