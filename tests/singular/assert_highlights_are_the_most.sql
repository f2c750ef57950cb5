-- A returned row is a listener's week without highlights, or one in which another track was repeated more often within
-- a day, another day or hour has more minutes, another new song stands further up, or a date lies in another week.
with

weeks as (select * from {{ ref('weekly_listening') }}),

highlights as (select * from {{ ref('weekly_highlights') }}),

constants as (

    select value as least_listens from {{ ref('diagnostic_constants') }}
    where constant = 'obsession_least_listens'

),

most_repeated as (

    select
        user_id,
        week_start,
        max(listens) as listens
    from {{ ref('daily_track_listening') }}
    group by
        user_id,
        week_start

),

longest_days as (

    select
        user_id,
        week_start,
        max(minutes_listened) as minutes
    from {{ ref('daily_listening') }}
    group by
        user_id,
        week_start

),

hours as (

    select
        user_id,
        week_start,
        hour_of_day,
        sum(minutes_listened) as minutes
    from {{ ref('hourly_listening') }}
    group by
        user_id,
        week_start,
        hour_of_day

),

longest_hours as (

    select
        user_id,
        week_start,
        max(minutes) as minutes
    from hours
    group by
        user_id,
        week_start

),

new_songs as (

    select
        user_id,
        week_start,
        min(top_song_number) as top_song_number
    from {{ ref('weekly_top_songs') }}
    where is_new_track
    group by
        user_id,
        week_start

)

select
    weeks.user_id,
    weeks.week_start
from weeks
cross join constants
left join highlights
    on
        weeks.user_id = highlights.user_id
        and weeks.week_start = highlights.week_start
left join most_repeated
    on
        weeks.user_id = most_repeated.user_id
        and weeks.week_start = most_repeated.week_start
left join longest_days
    on
        weeks.user_id = longest_days.user_id
        and weeks.week_start = longest_days.week_start
left join longest_hours
    on
        weeks.user_id = longest_hours.user_id
        and weeks.week_start = longest_hours.week_start
left join new_songs
    on
        weeks.user_id = new_songs.user_id
        and weeks.week_start = new_songs.week_start
where
    highlights.user_id is null
    or coalesce(highlights.obsession_listens, 0)
    <> case when most_repeated.listens >= constants.least_listens then most_repeated.listens else 0 end
    or coalesce(highlights.top_day_minutes, 0) <> coalesce(longest_days.minutes, 0)
    or abs(coalesce(highlights.favourite_hour_minutes, 0) - coalesce(longest_hours.minutes, 0)) > 0.000001
    or coalesce(highlights.top_new_top_song_number, 0) <> coalesce(new_songs.top_song_number, 0)
    or {{ week_start('highlights.obsession_date') }} <> weeks.week_start
    or {{ week_start('highlights.top_day') }} <> weeks.week_start
