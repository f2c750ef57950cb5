-- Every song that was played or recommended, for the search
with played as (
    select
        track_id,
        sum(plays) as plays,
        sum(listens) as listens,
        count(distinct user_id) as listeners
    from daily_track_listening
    group by track_id
)

select
    t.track_id,
    t.track_name,
    t.artist_name,
    coalesce(p.plays, 0) as plays,
    coalesce(p.listens, 0) as listens,
    coalesce(p.listeners, 0) as listeners
from dim_tracks as t
left join played as p on p.track_id = t.track_id
order by listens desc, plays desc, t.track_id
