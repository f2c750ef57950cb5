-- A returned row is a listener's week whose new songs are not as many as its new tracks.
with

songs as (

    select
        user_id,
        week_start,
        count(case when is_new_track then 1 end) as new_songs
    from {{ ref('weekly_top_songs') }}
    group by
        user_id,
        week_start

)

select
    weeks.user_id,
    weeks.week_start,
    weeks.new_tracks,
    songs.new_songs
from {{ ref('weekly_listening') }} as weeks
left join songs
    on
        weeks.user_id = songs.user_id
        and weeks.week_start = songs.week_start
where weeks.new_tracks <> coalesce(songs.new_songs, 0)
