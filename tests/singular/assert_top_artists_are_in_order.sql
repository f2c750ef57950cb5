-- A returned row is a Top Artist that was listened to more, or as often but for longer, than the one numbered before.
with

artists as (

    select
        *,
        lag(listens) over (
            partition by user_id, week_start
            order by top_artist_number
        ) as listens_before,
        lag(minutes_listened) over (
            partition by user_id, week_start
            order by top_artist_number
        ) as minutes_before
    from {{ ref('weekly_top_artists') }}

)

select
    user_id,
    week_start,
    top_artist_number,
    artist_name
from artists
where
    listens > listens_before
    or (listens = listens_before and minutes_listened > minutes_before)
