with

members as (

    select * from {{ ref('int_listening_by_segment') }}
    where segment_number = 1

),

-- Minutes of all plays; tracks that were played and never listened to have no place.
listener_tracks as (

    select * from {{ ref('int_listener_tracks') }}
    where listens > 0

),

tracks as (select * from {{ ref('dim_tracks') }}),

constants as (select * from {{ ref('diagnostic_constants') }}),

segments as (

    select
        members.segment_kind,
        members.segment,
        count(distinct members.user_id) as segment_listeners,
        cast(sum(listener_tracks.listens) as bigint) as segment_listens
    from members
    inner join listener_tracks
        on members.user_id = listener_tracks.user_id
    group by
        members.segment_kind,
        members.segment

),

counted as (

    select
        members.segment_kind,
        members.segment,
        tracks.track_id,
        tracks.track_name,
        tracks.artist_name,
        cast(sum(listener_tracks.listens) as bigint) as listens,
        count(distinct listener_tracks.user_id) as listeners,
        {{ minutes('sum(listener_tracks.listened_ms)') }} as minutes_listened
    from members
    inner join listener_tracks
        on members.user_id = listener_tracks.user_id
    inner join tracks
        on listener_tracks.track_id = tracks.track_id
    group by
        members.segment_kind,
        members.segment,
        tracks.track_id,
        tracks.track_name,
        tracks.artist_name

),

numbered as (

    select
        *,
        row_number() over (
            partition by segment_kind, segment
            order by
                listens desc,
                listeners desc,
                track_id asc
        ) as top_number
    from counted

),

final as (

    select
        numbered.segment_kind,
        numbered.segment,
        numbered.top_number as top_track_number,
        numbered.track_id,
        numbered.track_name,
        numbered.artist_name,
        numbered.listens,
        numbered.listeners,
        numbered.minutes_listened,
        {{ share_pct('numbered.listens', 'segments.segment_listens') }} as listens_share_pct,
        segments.segment_listens,
        segments.segment_listeners
    from numbered
    inner join segments
        on
            numbered.segment_kind = segments.segment_kind
            and numbered.segment = segments.segment
    inner join constants
        on
            constants.constant = 'segment_top_places'
            and numbered.top_number <= constants.value

)

select * from final
