with

weeks as (select * from {{ ref('int_listening_by_week') }}),

score_weights as (select * from {{ ref('score_weights') }}),

scores as (

    {{ weighted_scores('weeks', 'score_weights', ['user_id', 'week_start']) | indent(4) }}

),

-- Weeks are dense, so the previous row is the week before.
weeks_with_previous as (

    select
        *,
        lag(week_start) over (
            partition by user_id
            order by week_start
        ) as previous_week_start,
        lag(score_weights_version) over (
            partition by user_id
            order by week_start
        ) as previous_score_weights_version,
        lag(listen_rules_version) over (
            partition by user_id
            order by week_start
        ) as previous_listen_rules_version
    from weeks

),

-- Nothing is compared across definitions: the change would be that of the definition.
weeks_with_comparable as (

    select
        *,
        coalesce(
            score_weights_version = previous_score_weights_version
            and listen_rules_version = previous_listen_rules_version,
            false
        ) as has_same_definitions
    from weeks_with_previous

),

with_previous_score as (

    select
        weeks.*,
        scores.score,
        scores.score_value,
        scores_before.score_value as previous_score_value
    from scores
    inner join weeks_with_comparable as weeks
        on
            scores.user_id = weeks.user_id
            and scores.week_start = weeks.week_start
    left join scores as scores_before
        on
            weeks.user_id = scores_before.user_id
            and weeks.previous_week_start = scores_before.week_start
            and scores.score = scores_before.score
            and weeks.has_same_definitions

),

final as (

    select
        user_id,
        week_start,
        score,
        score_value,
        score_null_reason,
        previous_score_value,
        score_value - previous_score_value as score_change_pp,
        case
            when previous_week_start is null then 'no week before'
            when not has_same_definitions then 'other definitions'
            when previous_score_value is null then 'no score the week before'
            when score_value is null then 'no score'
        end as change_null_reason,
        listens,
        scored_listens,
        feature_coverage_pct,
        score_weights_version,
        listen_rules_version
    from with_previous_score

)

select * from final
