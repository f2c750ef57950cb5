with

scorecards as (

    select * from {{ ref('int_scorecards') }}
    where scope = 'listener'

),

final as (

    select
        recommender,
        recommender_version,
        listener as user_id,
        metric,
        horizon,
        horizon_days,
        metric_value,
        metric_null_reason,
        answers,
        all_answers,
        clusters as weeks,
        interval_scope,
        standard_error,
        interval_low,
        interval_high,
        interval_null_reason
    from scorecards

)

select * from final
