with

listener_tracks as (

    select * from {{ ref('int_listener_tracks') }}
    where listens > 0

),

tracks as (select * from {{ ref('dim_tracks') }}),

constants as (select * from {{ ref('diagnostic_constants') }}),

-- First what both listen to a lot: the track with the larger of the two smaller counts.
numbered as (

    select
        mine.user_id,
        theirs.user_id as other_user_id,
        mine.track_id,
        mine.listens,
        theirs.listens as other_listens,
        row_number() over (
            partition by mine.user_id, theirs.user_id
            order by
                least(mine.listens, theirs.listens) desc,
                mine.listens + theirs.listens desc,
                mine.track_id asc
        ) as shared_track_number
    from listener_tracks as mine
    inner join listener_tracks as theirs
        on
            mine.track_id = theirs.track_id
            and mine.user_id <> theirs.user_id

),

final as (

    select
        numbered.user_id,
        numbered.other_user_id,
        numbered.shared_track_number,
        numbered.track_id,
        coalesce(tracks.track_name, 'Unknown title') as track_name,
        coalesce(tracks.artist_name, 'Unknown artist') as artist_name,
        numbered.listens,
        numbered.other_listens,
        tracks.positivity_score,
        tracks.vibe,
        {{ track_score_null_reason('tracks.has_all_features') }} as score_null_reason
    from numbered
    inner join constants
        on
            constants.constant = 'shared_tracks_listed'
            and numbered.shared_track_number <= constants.value
    inner join tracks
        on numbered.track_id = tracks.track_id

)

select * from final
