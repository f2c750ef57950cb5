-- A returned row is a listener's date whose tracks do not add up to the day.
with

tracks as (

    select
        user_id,
        listening_date,
        sum(plays) as plays,
        sum(listens) as listens,
        count(case when listens > 0 then 1 end) as unique_tracks,
        sum(minutes_listened) as minutes_listened,
        sum(case when score_null_reason is null then listens else 0 end) as scored_listens
    from {{ ref('daily_track_listening') }}
    group by
        user_id,
        listening_date

),

days as (

    select * from {{ ref('daily_listening') }}
    where plays > 0

)

select
    coalesce(tracks.user_id, days.user_id) as user_id,
    coalesce(tracks.listening_date, days.listening_date) as listening_date,
    tracks.minutes_listened as minutes_of_tracks,
    days.minutes_listened
from tracks
full outer join days
    on
        tracks.user_id = days.user_id
        and tracks.listening_date = days.listening_date
where
    tracks.user_id is null
    or days.user_id is null
    or tracks.plays <> days.plays
    or tracks.listens <> days.listens
    or tracks.unique_tracks <> days.unique_tracks
    or tracks.scored_listens <> days.scored_listens
    or abs(tracks.minutes_listened - days.minutes_listened) > 0.000001
