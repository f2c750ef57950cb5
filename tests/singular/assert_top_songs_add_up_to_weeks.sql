-- A returned row is a listener's week whose Top Songs do not add up to its listens, its scored listens or its different
-- tracks.
with

songs as (

    select
        user_id,
        week_start,
        count(*) as songs,
        sum(listens) as listens,
        sum(case when score_null_reason is null then listens else 0 end) as scored_listens
    from {{ ref('weekly_top_songs') }}
    group by
        user_id,
        week_start

),

weeks as (

    select * from {{ ref('weekly_listening') }}

)

select
    coalesce(weeks.user_id, songs.user_id) as user_id,
    coalesce(weeks.week_start, songs.week_start) as week_start,
    weeks.listens,
    songs.listens as listens_of_songs
from weeks
full outer join songs
    on
        weeks.user_id = songs.user_id
        and weeks.week_start = songs.week_start
where
    weeks.user_id is null
    or weeks.listens <> coalesce(songs.listens, 0)
    or weeks.scored_listens <> coalesce(songs.scored_listens, 0)
    or weeks.unique_tracks <> coalesce(songs.songs, 0)
