with

days as (

    select * from {{ ref('daily_listening') }}

),

scores as (

    select * from {{ ref('int_daily_scores') }}

),

weights as (

    select distinct
        version,
        score
    from {{ ref('score_weights') }}

),

final as (

    select
        days.user_id,
        days.listening_date,
        days.week_start,
        weights.score,
        scores.score_value,
        case
            when scores.score_value is not null then null
            when days.plays = 0 then 'nothing played'
            when days.listens = 0 then 'no listens'
            else 'no audio features'
        end as score_null_reason,
        days.listens,
        days.scored_listens,
        days.feature_coverage_pct,
        days.score_weights_version
    from days
    inner join weights
        on days.score_weights_version = weights.version
    left join scores
        on
            days.user_id = scores.user_id
            and days.listening_date = scores.listening_date
            and weights.score = scores.score

)

select * from final
