-- A returned row is a constant that models need and that its seed does not have.
with

needed as (

    select 'similarity_k' as constant
    union all
    select 'recommendation_ranks' as constant
    union all
    select 'recommended_top_songs' as constant
    union all
    select 'recommended_weeks' as constant
    union all
    select 'poll_match_tolerance_seconds' as constant

),

there as (

    select constant from {{ ref('diagnostic_constants') }}
    where value is not null
    union all
    select rule as constant from {{ ref('play_merge_rules') }}
    where value is not null

)

select needed.constant
from needed
left join there
    on needed.constant = there.constant
where there.constant is null
