-- A returned row is a Top Song that was listened to more, or as often but for longer, than the one numbered before it.
with

songs as (

    select
        *,
        lag(listens) over (
            partition by user_id, week_start
            order by top_song_number
        ) as listens_before,
        lag(minutes_listened) over (
            partition by user_id, week_start
            order by top_song_number
        ) as minutes_before
    from {{ ref('weekly_top_songs') }}

)

select
    user_id,
    week_start,
    top_song_number,
    track_id
from songs
where
    listens > listens_before
    or (listens = listens_before and minutes_listened > minutes_before)
