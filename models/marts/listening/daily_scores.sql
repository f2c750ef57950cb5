with

days as (select * from {{ ref('int_listening_by_day') }}),

score_weights as (select * from {{ ref('score_weights') }}),

scores as (

    {{ weighted_scores('days', 'score_weights', ['user_id', 'listening_date']) | indent(4) }}

),

final as (

    select
        days.user_id,
        days.listening_date,
        days.week_start,
        scores.score,
        scores.score_value,
        days.score_null_reason,
        days.listens,
        days.scored_listens,
        days.feature_coverage_pct,
        scores.score_weights_version,
        days.listen_rules_version
    from scores
    inner join days
        on
            scores.user_id = days.user_id
            and scores.listening_date = days.listening_date

)

select * from final
