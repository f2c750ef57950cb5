-- A returned row is a listener's week whose Top Artists do not add up to its listens of tracks with a known artist, to
-- its different artists or to its new ones.
with

artists as (

    select
        user_id,
        week_start,
        count(*) as artists,
        count(case when is_new_artist then 1 end) as new_artists,
        sum(listens) as listens,
        sum(unique_tracks) as unique_tracks,
        sum(scored_listens) as scored_listens,
        sum(listens_share_pct) as listens_share_pct
    from {{ ref('weekly_top_artists') }}
    group by
        user_id,
        week_start

),

songs as (

    select
        songs.user_id,
        songs.week_start,
        sum(songs.listens) as listens,
        count(*) as unique_tracks,
        sum(case when tracks.has_all_features then songs.listens else 0 end) as scored_listens
    from {{ ref('weekly_top_songs') }} as songs
    inner join {{ ref('dim_tracks') }} as tracks
        on songs.track_id = tracks.track_id
    where tracks.artist_name is not null
    group by
        songs.user_id,
        songs.week_start

),

weeks as (select * from {{ ref('weekly_listening') }})

select
    coalesce(weeks.user_id, artists.user_id) as user_id,
    coalesce(weeks.week_start, artists.week_start) as week_start,
    songs.listens,
    artists.listens as listens_of_artists
from weeks
full outer join artists
    on
        weeks.user_id = artists.user_id
        and weeks.week_start = artists.week_start
left join songs
    on
        weeks.user_id = songs.user_id
        and weeks.week_start = songs.week_start
where
    weeks.user_id is null
    or weeks.unique_artists <> coalesce(artists.artists, 0)
    or weeks.new_artists <> coalesce(artists.new_artists, 0)
    or coalesce(songs.listens, 0) <> coalesce(artists.listens, 0)
    or coalesce(songs.unique_tracks, 0) <> coalesce(artists.unique_tracks, 0)
    or coalesce(songs.scored_listens, 0) <> coalesce(artists.scored_listens, 0)
    or abs(artists.listens_share_pct * weeks.listens / 100 - artists.listens) > 0.000001
