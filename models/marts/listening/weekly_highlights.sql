with

weeks as (select * from {{ ref('weekly_listening') }}),

days as (select * from {{ ref('daily_listening') }}),

hours as (select * from {{ ref('hourly_listening') }}),

day_tracks as (select * from {{ ref('daily_track_listening') }}),

top_songs as (select * from {{ ref('weekly_top_songs') }}),

constants as (select * from {{ ref('diagnostic_constants') }}),

numbered_obsessions as (

    select
        day_tracks.*,
        row_number() over (
            partition by day_tracks.user_id, day_tracks.week_start
            order by
                day_tracks.listens desc,
                day_tracks.minutes_listened desc,
                day_tracks.listening_date asc,
                day_tracks.track_id asc
        ) as place
    from day_tracks
    inner join constants
        on
            constants.constant = 'obsession_least_listens'
            and day_tracks.listens >= constants.value

),

numbered_days as (

    select
        *,
        row_number() over (
            partition by user_id, week_start
            order by
                minutes_listened desc,
                listens desc,
                listening_date asc
        ) as place
    from days
    where minutes_listened > 0

),

-- Whatever the weekday. In milliseconds, so that equal hours are equal in whatever order days are added up.
summed_hours as (

    select
        user_id,
        week_start,
        hour_of_day,
        sum(listens) as listens,
        sum({{ milliseconds('minutes_listened') }}) as listened_ms
    from hours
    group by
        user_id,
        week_start,
        hour_of_day

),

numbered_hours as (

    select
        *,
        row_number() over (
            partition by user_id, week_start
            order by
                listened_ms desc,
                listens desc,
                hour_of_day asc
        ) as place
    from summed_hours
    where listened_ms > 0

),

numbered_new_songs as (

    select
        *,
        row_number() over (
            partition by user_id, week_start
            order by top_song_number
        ) as place
    from top_songs
    where is_new_track

),

final as (

    select
        weeks.user_id,
        weeks.week_start,
        obsessions.track_id as obsession_track_id,
        obsessions.track_name as obsession_track_name,
        obsessions.artist_name as obsession_artist_name,
        obsessions.listening_date as obsession_date,
        obsessions.listens as obsession_listens,
        case
            when obsessions.track_id is not null then null
            when weeks.plays = 0 then 'nothing played'
            when weeks.listens = 0 then 'no listens'
            else 'nothing repeated enough'
        end as obsession_null_reason,
        top_days.listening_date as top_day,
        top_days.minutes_listened as top_day_minutes,
        top_days.listens as top_day_listens,
        top_hours.hour_of_day as favourite_hour,
        {{ minutes('top_hours.listened_ms') }} as favourite_hour_minutes,
        case
            when top_days.listening_date is not null then null
            when weeks.plays = 0 then 'nothing played'
            else 'no listening time'
        end as top_day_null_reason,
        new_songs.track_id as top_new_track_id,
        new_songs.track_name as top_new_track_name,
        new_songs.artist_name as top_new_artist_name,
        new_songs.top_song_number as top_new_top_song_number,
        new_songs.listens as top_new_listens,
        case
            when new_songs.track_id is not null then null
            when weeks.plays = 0 then 'nothing played'
            when weeks.listens = 0 then 'no listens'
            else 'nothing new'
        end as top_new_null_reason,
        weeks.is_complete_week,
        weeks.listen_rules_version
    from weeks
    left join numbered_obsessions as obsessions
        on
            weeks.user_id = obsessions.user_id
            and weeks.week_start = obsessions.week_start
            and obsessions.place = 1
    left join numbered_days as top_days
        on
            weeks.user_id = top_days.user_id
            and weeks.week_start = top_days.week_start
            and top_days.place = 1
    left join numbered_hours as top_hours
        on
            weeks.user_id = top_hours.user_id
            and weeks.week_start = top_hours.week_start
            and top_hours.place = 1
    left join numbered_new_songs as new_songs
        on
            weeks.user_id = new_songs.user_id
            and weeks.week_start = new_songs.week_start
            and new_songs.place = 1

)

select * from final
