with

account_data as (

    select * from {{ ref('stg_spotify__streaming_history') }}
    where
        content_kind = 'track'
        and export_format = 'account_data'

),

extended_plays as (

    select * from {{ ref('stg_spotify__streaming_history') }}
    where
        content_kind = 'track'
        and coalesce(export_format, '') <> 'account_data'

),

polled_plays as (select * from {{ ref('stg_spotify__recently_played') }}),

tracks as (select * from {{ ref('stg_spotify__tracks') }}),

track_aliases as (select * from {{ ref('track_aliases') }}),

-- What is asked: one row per listener and title. All rows of one address have the same title, but for case and spaces.
titles as (

    select
        user_id,
        content_uri,
        count(*) as plays,
        {{ title_key('min(track_name)', 'min(artist_name)') }} as title_key
    from account_data
    group by
        user_id,
        content_uri

),

-- What is known: every name that a track ever had, here or in a play of anybody. Metadata names nobody.
names as (

    select
        cast(null as {{ dbt.type_string() }}) as user_id,
        track_id,
        track_name,
        artist_name,
        1 as sources,
        0 as plays
    from tracks
    where track_name is not null

    union all

    select
        user_id,
        track_id,
        track_name,
        artist_name,
        0 as sources,
        count(*) as plays
    from extended_plays
    where track_name is not null
    group by
        user_id,
        track_id,
        track_name,
        artist_name

    union all

    select
        user_id,
        track_id,
        track_name,
        artist_name,
        0 as sources,
        count(*) as plays
    from polled_plays
    where track_name is not null
    group by
        user_id,
        track_id,
        track_name,
        artist_name

),

-- Normalising a text takes time: each name once.
different_names as (

    select distinct
        track_name,
        coalesce(artist_name, '') as artist_name
    from names

),

keyed_names as (

    select
        track_name,
        artist_name,
        {{ title_key('track_name', 'artist_name') }} as title_key
    from different_names

),

wanted_names as (

    select * from keyed_names
    where title_key in (select titles.title_key from titles)

),

known_tracks as (

    select
        names.user_id,
        wanted_names.title_key,
        coalesce(track_aliases.canonical_track_id, names.track_id) as track_id,
        sum(names.sources) as sources,
        sum(names.plays) as plays
    from names
    inner join wanted_names
        on
            names.track_name = wanted_names.track_name
            and coalesce(names.artist_name, '') = wanted_names.artist_name
    left join track_aliases
        on names.track_id = track_aliases.track_id
    group by
        names.user_id,
        wanted_names.title_key,
        coalesce(track_aliases.canonical_track_id, names.track_id)

),

-- Of several ids of one title, the one that the listener played most; the id itself settles ties.
own_tracks as (

    select
        user_id,
        title_key,
        track_id,
        row_number() over (
            partition by
                user_id,
                title_key
            order by
                plays desc,
                track_id asc
        ) as place
    from known_tracks
    where user_id is not null

),

-- Else the one that metadata knows, then the one that all listeners together played most.
anybodys_tracks as (

    select
        title_key,
        track_id,
        row_number() over (
            partition by title_key
            order by
                case when sum(sources) > 0 then 0 else 1 end asc,
                sum(plays) desc,
                track_id asc
        ) as place
    from known_tracks
    group by
        title_key,
        track_id

),

final as (

    select
        titles.user_id,
        titles.content_uri,
        titles.title_key,
        titles.plays,
        coalesce(own_tracks.track_id, anybodys_tracks.track_id, 'title:' || titles.title_key) as track_id,
        case
            when own_tracks.track_id is not null then 'own play'
            when anybodys_tracks.track_id is not null then 'known track'
            else 'title only'
        end as resolution
    from titles
    left join own_tracks
        on
            titles.user_id = own_tracks.user_id
            and titles.title_key = own_tracks.title_key
            and own_tracks.place = 1
    left join anybodys_tracks
        on
            titles.title_key = anybodys_tracks.title_key
            and anybodys_tracks.place = 1

)

select * from final
