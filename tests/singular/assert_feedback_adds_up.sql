-- A returned row is a group of feedback_summary whose counts are wrong: all feedback is not what listeners said, vibes
-- do not add up to every vibe, or more was said about played and other tracks than was said at all.
with

feedback as (select * from {{ ref('int_feedback') }}),

summary as (select * from {{ ref('feedback_summary') }}),

said as (

    select
        count(*) as verdicts,
        count(case when feedback_kind = 'saved' then 1 end) as saved,
        count(case when feedback_kind = 'liked' then 1 end) as liked,
        count(case when feedback_kind = 'disliked' then 1 end) as disliked,
        count(case when feedback_kind = 'rating' then 1 end) as ratings
    from feedback

),

of_everybody as (

    select
        feedback_source,
        sum(verdicts) as verdicts,
        sum(saved) as saved,
        sum(liked) as liked,
        sum(disliked) as disliked,
        sum(ratings) as ratings
    from summary
    where
        segment_kind = 'everybody'
        and track_vibe = 'every vibe'
        and feedback_source <> 'recommended'
    group by feedback_source

),

by_vibe as (

    select
        feedback_source,
        coalesce(recommender, '') as recommender,
        coalesce(recommender_version, '') as recommender_version,
        segment_kind,
        segment,
        sum(case when track_vibe = 'every vibe' then verdicts else 0 end) as verdicts,
        sum(case when track_vibe = 'every vibe' then 0 else verdicts end) as verdicts_of_vibes,
        sum(case when track_vibe = 'every vibe' then positive_verdicts else -positive_verdicts end) as difference
    from summary
    group by
        feedback_source,
        coalesce(recommender, ''),
        coalesce(recommender_version, ''),
        segment_kind,
        segment

)

select
    'all feedback is not what listeners said' as problem,
    said.verdicts as expected,
    of_everybody.verdicts as found
from said
left join of_everybody
    on of_everybody.feedback_source = 'all'
where
    coalesce(of_everybody.verdicts, 0) <> said.verdicts
    or coalesce(of_everybody.saved, 0) <> said.saved
    or coalesce(of_everybody.liked, 0) <> said.liked
    or coalesce(of_everybody.disliked, 0) <> said.disliked
    or coalesce(of_everybody.ratings, 0) <> said.ratings

union all

select
    'vibes do not add up' as problem,
    verdicts as expected,
    verdicts_of_vibes as found
from by_vibe
where
    verdicts <> verdicts_of_vibes
    or difference <> 0

union all

select
    'more than was said at all' as problem,
    max(case when feedback_source = 'all' then verdicts end) as expected,
    sum(case when feedback_source <> 'all' then verdicts end) as found
from of_everybody
having
    sum(case when feedback_source <> 'all' then verdicts else 0 end)
    > coalesce(max(case when feedback_source = 'all' then verdicts end), 0)
