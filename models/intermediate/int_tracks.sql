with

tracks as (select * from {{ ref('stg_spotify__tracks') }}),

exported_plays as (

    select * from {{ ref('stg_spotify__streaming_history') }}
    where content_kind = 'track'

),

-- Titles of the account data that no other source has an id for.
titles_without_id as (

    select * from {{ ref('int_account_data_tracks') }}
    where resolution = 'title only'

),

polled_plays as (select * from {{ ref('stg_spotify__recently_played') }}),

audio_features as (select * from {{ ref('stg_audio_features__audio_features') }}),

recommendations as (select * from {{ ref('stg_recommendations__recommendations') }}),

providers as (select * from {{ ref('feature_providers') }}),

track_aliases as (select * from {{ ref('track_aliases') }}),

-- Of a played track's names the newest count: titles get corrected.
played_names as (

    select
        track_id,
        track_name,
        artist_name,
        album_name,
        cast(null as bigint) as duration_ms,
        ended_at
    from exported_plays
    where track_id is not null

    union all

    select
        titles_without_id.track_id,
        exported_plays.track_name,
        exported_plays.artist_name,
        exported_plays.album_name,
        cast(null as bigint) as duration_ms,
        exported_plays.ended_at
    from titles_without_id
    inner join exported_plays
        on
            titles_without_id.user_id = exported_plays.user_id
            and titles_without_id.content_uri = exported_plays.content_uri

    union all

    select
        track_id,
        track_name,
        artist_name,
        album_name,
        duration_ms,
        ended_at
    from polled_plays

),

newest_played_names as (

    select
        *,
        row_number() over (
            partition by track_id
            order by
                case when track_name is null then 1 else 0 end asc,
                ended_at desc,
                duration_ms desc nulls last,
                track_name asc,
                artist_name asc,
                album_name asc
        ) as newest_first
    from played_names

),

-- Everything that says something about a track, best first by name_order: metadata by the providers' priority,
-- then plays, then a bare id that was recommended or measured.
known as (

    select
        tracks.track_id,
        tracks.track_name,
        tracks.artist_name,
        tracks.album_name,
        tracks.duration_ms,
        tracks.genre,
        1 as kind_order,
        providers.priority as provider_priority
    from tracks
    left join providers
        on tracks.provider = providers.provider

    union all

    select
        track_id,
        track_name,
        artist_name,
        album_name,
        duration_ms,
        cast(null as {{ dbt.type_string() }}) as genre,
        2 as kind_order,
        cast(null as integer) as provider_priority
    from newest_played_names
    where newest_first = 1

    union all

    select
        bare_ids.track_id,
        cast(null as {{ dbt.type_string() }}) as track_name,
        cast(null as {{ dbt.type_string() }}) as artist_name,
        cast(null as {{ dbt.type_string() }}) as album_name,
        cast(null as bigint) as duration_ms,
        cast(null as {{ dbt.type_string() }}) as genre,
        3 as kind_order,
        cast(null as integer) as provider_priority
    from (
        select track_id from audio_features
        union
        select track_id from recommendations
        union
        select seed_track_id as track_id from recommendations
    ) as bare_ids

),

canonical as (

    select
        known.*,
        coalesce(track_aliases.canonical_track_id, known.track_id) as canonical_track_id,
        case when track_aliases.canonical_track_id is null then 0 else 1 end as is_alias
    from known
    left join track_aliases
        on known.track_id = track_aliases.track_id

),

ordered as (

    select
        *,
        row_number() over (
            partition by canonical_track_id
            order by
                case when track_name is null then 1 else 0 end,
                kind_order,
                provider_priority nulls last,
                is_alias,
                track_id
        ) as name_order,
        row_number() over (
            partition by canonical_track_id
            order by
                case when duration_ms is null then 1 else 0 end,
                kind_order,
                provider_priority nulls last,
                is_alias,
                track_id
        ) as duration_order,
        row_number() over (
            partition by canonical_track_id
            order by
                case when genre is null then 1 else 0 end,
                kind_order,
                provider_priority nulls last,
                is_alias,
                track_id
        ) as genre_order
    from canonical

),

best as (

    select
        canonical_track_id as track_id,
        max(case when name_order = 1 then track_name end) as track_name,
        max(case when name_order = 1 then artist_name end) as artist_name,
        max(case when name_order = 1 then album_name end) as album_name,
        max(case when duration_order = 1 then duration_ms end) as duration_ms,
        max(case when genre_order = 1 then genre end) as genre
    from ordered
    group by canonical_track_id

),

final as (

    select
        *,
        {{ title_key('track_name', 'artist_name') }} as title_key
    from best

)

select * from final
