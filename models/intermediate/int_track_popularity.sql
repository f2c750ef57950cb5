with

recommendations as (

    select * from {{ ref('int_recommendations') }}
    where as_of is not null

),

plays as (select * from {{ ref('int_plays') }}),

tracks as (select * from {{ ref('int_tracks') }}),

-- Plays before the day (UTC) of as_of: a day is fine enough, and there are far fewer days than moments.
days as (

    select distinct cast(as_of as date) as as_of_date
    from recommendations

),

days_of_plays as (

    select distinct cast(played_at as date) as played_date
    from plays

),

-- The first of these days on which a play counts.
first_days as (

    select
        days_of_plays.played_date,
        min(days.as_of_date) as as_of_date
    from days_of_plays
    inner join days
        on days_of_plays.played_date < days.as_of_date
    group by days_of_plays.played_date

),

growth as (

    select
        plays.track_id,
        first_days.as_of_date,
        count(*) as plays
    from plays
    inner join first_days
        on cast(plays.played_at as date) = first_days.played_date
    group by
        plays.track_id,
        first_days.as_of_date

),

first_seen as (

    select
        track_id,
        min(as_of_date) as first_date
    from growth
    group by track_id

),

-- A track that was played once stays in the list of every later day.
played as (

    select
        first_seen.track_id,
        days.as_of_date,
        sum(growth.plays) over (
            partition by first_seen.track_id
            order by days.as_of_date
            rows between unbounded preceding and current row
        ) as plays
    from first_seen
    inner join days
        on first_seen.first_date <= days.as_of_date
    left join growth
        on
            first_seen.track_id = growth.track_id
            and days.as_of_date = growth.as_of_date

),

known as (

    select count(*) as tracks
    from tracks

),

played_tracks as (

    select
        as_of_date,
        count(*) as tracks
    from played
    group by as_of_date

),

-- Tracks that share a number of plays share the middle of their places.
ranked as (

    select
        played.track_id,
        played.as_of_date,
        played.plays,
        rank() over (
            partition by played.as_of_date
            order by played.plays
        ) - 1 as less_played,
        count(*) over (partition by played.as_of_date, played.plays) as as_much_played
    from played

),

recommended as (

    select distinct
        track_id,
        cast(as_of as date) as as_of_date
    from recommendations
    where is_prediction

),

final as (

    select
        recommended.track_id,
        recommended.as_of_date,
        cast(coalesce(ranked.plays, 0) as bigint) as plays_before,
        {{ share_pct(
            'case'
            ~ ' when ranked.track_id is not null'
            ~ ' then known.tracks - played_tracks.tracks + ranked.less_played + ranked.as_much_played / 2.0'
            ~ ' else (known.tracks - coalesce(played_tracks.tracks, 0)) / 2.0'
            ~ ' end',
            'known.tracks',
        ) }} as plays_percentile
    from recommended
    cross join known
    left join played_tracks
        on recommended.as_of_date = played_tracks.as_of_date
    left join ranked
        on
            recommended.track_id = ranked.track_id
            and recommended.as_of_date = ranked.as_of_date

)

select * from final
