-- A returned row is a feature or score whose deciles do not add up to the plays of tracks with audio features: plays,
-- listens, minutes, skips.
with

plays as (select * from {{ ref('fct_plays') }}),

tracks as (select * from {{ ref('dim_tracks') }}),

engagement as (select * from {{ ref('feature_engagement') }}),

expected as (

    select
        count(*) as plays,
        count(case when plays.is_listen then 1 end) as listens,
        coalesce({{ minutes('sum(plays.listened_ms)') }}, 0) as minutes_listened,
        count(plays.is_skipped) as skip_known_plays,
        count(case when plays.is_skipped then 1 end) as skipped_plays,
        count(plays.completion_pct) as completion_known_plays
    from plays
    inner join tracks
        on
            plays.track_id = tracks.track_id
            and tracks.has_all_features

),

found as (

    select
        measure_kind,
        measure,
        sum(plays) as plays,
        sum(listens) as listens,
        sum(minutes_listened) as minutes_listened,
        sum(skip_known_plays) as skip_known_plays,
        round(sum(coalesce(skip_rate_pct * skip_known_plays / 100, 0))) as skipped_plays,
        sum(completion_known_plays) as completion_known_plays
    from engagement
    group by
        measure_kind,
        measure

)

select
    found.measure_kind,
    found.measure,
    found.plays,
    expected.plays as expected_plays
from found
cross join expected
where
    found.plays <> expected.plays
    or found.listens <> expected.listens
    or abs(found.minutes_listened - expected.minutes_listened) > 0.001
    or found.skip_known_plays <> expected.skip_known_plays
    or found.skipped_plays <> expected.skipped_plays
    or found.completion_known_plays <> expected.completion_known_plays
