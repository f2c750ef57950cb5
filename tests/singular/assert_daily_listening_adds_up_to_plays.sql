-- A returned row is a listener whose days do not add up to the plays: plays, listens or minutes differ, or the
-- plays of which skipping or completion is known.
with

plays as (

    select
        user_id,
        count(*) as plays,
        count(case when is_listen then 1 end) as listens,
        coalesce(sum(listened_ms), 0) as listened_ms,
        count(case when is_skipped then 1 end) as skipped_plays,
        count(is_skipped) as skip_known_plays,
        count(completion_pct) as completion_known_plays
    from {{ ref('fct_plays') }}
    group by user_id

),

days as (

    select
        user_id,
        sum(plays) as plays,
        sum(listens) as listens,
        sum(minutes_listened) * 60 * 1000 as listened_ms,
        sum(skipped_plays) as skipped_plays,
        sum(skip_known_plays) as skip_known_plays,
        sum(completion_known_plays) as completion_known_plays
    from {{ ref('daily_listening') }}
    group by user_id

)

select
    coalesce(plays.user_id, days.user_id) as user_id,
    plays.plays,
    days.plays as plays_of_days,
    plays.listens,
    days.listens as listens_of_days,
    plays.listened_ms,
    days.listened_ms as listened_ms_of_days
from plays
full outer join days
    on plays.user_id = days.user_id
where
    plays.user_id is null
    or days.user_id is null
    or plays.plays <> days.plays
    or plays.listens <> days.listens
    or plays.skipped_plays <> days.skipped_plays
    or plays.skip_known_plays <> days.skip_known_plays
    or plays.completion_known_plays <> days.completion_known_plays
    -- Half a millisecond: what adding doubles may lose, and nothing else.
    or abs(plays.listened_ms - days.listened_ms) > 0.5
