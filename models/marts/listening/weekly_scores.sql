with

weeks as (

    select * from {{ ref('weekly_listening') }}

),

scores as (

    select * from {{ ref('int_weekly_scores') }}

),

weights as (

    select distinct
        version,
        score
    from {{ ref('score_weights') }}

),

with_previous as (

    select
        *,
        lag(week_start) over (
            partition by user_id
            order by week_start
        ) as previous_week_start,
        lag(plays) over (
            partition by user_id
            order by week_start
        ) as previous_plays,
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

valued as (

    select
        with_previous.*,
        weights.score,
        scores.score_value,
        previous_scores.score_value as previous_score_value
    from with_previous
    inner join weights
        on with_previous.score_weights_version = weights.version
    left join scores
        on
            with_previous.user_id = scores.user_id
            and with_previous.week_start = scores.week_start
            and weights.score = scores.score
    left join scores as previous_scores
        on
            with_previous.user_id = previous_scores.user_id
            and with_previous.previous_week_start = previous_scores.week_start
            and weights.score = previous_scores.score

),

explained as (

    select
        *,
        case
            when score_value is not null then null
            when plays = 0 then 'nothing played'
            when listens = 0 then 'no listens'
            else 'no audio features'
        end as score_null_reason,
        case
            when previous_week_start is null then 'no week before'
            when score_value is null then 'no score'
            when previous_plays = 0 then 'silent week before'
            when previous_score_weights_version <> score_weights_version then 'other definitions'
            when previous_listen_rules_version <> listen_rules_version then 'other definitions'
            when previous_score_value is null then 'no score the week before'
        end as change_null_reason
    from valued

),

final as (

    select
        user_id,
        week_start,
        score,
        score_value,
        score_null_reason,
        previous_score_value,
        case when change_null_reason is null then score_value - previous_score_value end as score_change_pp,
        change_null_reason,
        listens,
        scored_listens,
        feature_coverage_pct,
        score_weights_version
    from explained

)

select * from final
