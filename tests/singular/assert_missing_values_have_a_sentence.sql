-- A returned row is a reason for a missing score or change that pages have no sentence for.
with

reasons as (

    select
        'score' as subject,
        score_null_reason as reason
    from {{ ref('daily_scores') }}
    union
    select
        'score' as subject,
        score_null_reason as reason
    from {{ ref('weekly_scores') }}
    union
    select
        'change' as subject,
        change_null_reason as reason
    from {{ ref('weekly_scores') }}

),

sentences as (

    select * from {{ ref('missing_value_reasons') }}

),

final as (

    select
        reasons.subject,
        reasons.reason
    from reasons
    left join sentences
        on
            reasons.subject = sentences.subject
            and reasons.reason = sentences.reason
    where
        reasons.reason is not null
        and sentences.reason is null

)

select * from final
