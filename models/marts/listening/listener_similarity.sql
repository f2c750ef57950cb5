with

users as (select * from {{ ref('dim_users') }}),

listener_tracks as (

    select * from {{ ref('int_listener_tracks') }}
    where listens > 0

),

tracks as (select * from {{ ref('int_tracks') }}),

track_features as (

    select * from {{ ref('int_track_features') }}
    where has_all_features

),

-- A listener's means run over scored listens: a track counts as often as it was listened to.
listeners as (

    select
        users.user_id,
        count(listener_tracks.track_id) as tracks,
        coalesce(sum(listener_tracks.listens), 0) as listens,
        coalesce(sum(case when track_features.track_id is not null then listener_tracks.listens end), 0)
            as scored_listens,
        {%- for feature in audio_features() %}
        cast(sum(listener_tracks.listens * cast(track_features.{{ feature }}_pct as decimal(18, 12))) as double)
        / sum(case when track_features.track_id is not null then listener_tracks.listens end) as {{ feature }}_pct
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from users
    left join listener_tracks
        on users.user_id = listener_tracks.user_id
    left join track_features
        on listener_tracks.track_id = track_features.track_id
    group by users.user_id

),

listener_artists as (

    select
        listener_tracks.user_id,
        tracks.artist_name,
        sum(listener_tracks.listens) as listens
    from listener_tracks
    inner join tracks
        on listener_tracks.track_id = tracks.track_id
    where tracks.artist_name is not null
    group by
        listener_tracks.user_id,
        tracks.artist_name

),

-- Only what two listeners have in common is joined, never every track of one with every track of the other.
shared_tracks as (

    select
        mine.user_id,
        theirs.user_id as other_user_id,
        count(*) as shared_tracks
    from listener_tracks as mine
    inner join listener_tracks as theirs
        on
            mine.track_id = theirs.track_id
            and mine.user_id <> theirs.user_id
    group by
        mine.user_id,
        theirs.user_id

),

-- First the artist to whom both listen a lot: the one with the larger of the two smaller counts.
numbered_artists as (

    select
        mine.user_id,
        theirs.user_id as other_user_id,
        mine.artist_name,
        row_number() over (
            partition by mine.user_id, theirs.user_id
            order by
                least(mine.listens, theirs.listens) desc,
                mine.listens + theirs.listens desc,
                mine.artist_name asc
        ) as artist_number
    from listener_artists as mine
    inner join listener_artists as theirs
        on
            mine.artist_name = theirs.artist_name
            and mine.user_id <> theirs.user_id

),

shared_artists as (

    select
        user_id,
        other_user_id,
        count(*) as shared_artists,
        max(case when artist_number = 1 then artist_name end) as top_shared_artist_name
    from numbered_artists
    group by
        user_id,
        other_user_id

),

pairs as (

    select
        mine.user_id,
        theirs.user_id as other_user_id,
        mine.tracks,
        theirs.tracks as other_tracks,
        mine.listens,
        theirs.listens as other_listens,
        cast(mine.scored_listens as bigint) as scored_listens,
        cast(theirs.scored_listens as bigint) as other_scored_listens,
        100 - {{ mean_difference('mine', 'theirs') | indent(8) }} as feature_similarity_pct
    from listeners as mine
    inner join listeners as theirs
        on mine.user_id <> theirs.user_id

),

final as (

    select
        pairs.user_id,
        pairs.other_user_id,
        coalesce(shared_tracks.shared_tracks, 0) as shared_tracks,
        pairs.tracks + pairs.other_tracks - coalesce(shared_tracks.shared_tracks, 0) as tracks_of_either,
        {{ share_pct(
            'coalesce(shared_tracks.shared_tracks, 0)',
            'pairs.tracks + pairs.other_tracks - coalesce(shared_tracks.shared_tracks, 0)'
        ) }} as shared_tracks_pct,
        case when pairs.listens = 0 and pairs.other_listens = 0 then 'no listens' end as shared_tracks_null_reason,
        coalesce(shared_artists.shared_artists, 0) as shared_artists,
        shared_artists.top_shared_artist_name,
        pairs.feature_similarity_pct,
        case
            when pairs.listens = 0 or pairs.other_listens = 0 then 'no listens'
            when pairs.scored_listens = 0 or pairs.other_scored_listens = 0 then 'no audio features'
        end as feature_similarity_null_reason,
        pairs.scored_listens,
        pairs.other_scored_listens
    from pairs
    left join shared_tracks
        on
            pairs.user_id = shared_tracks.user_id
            and pairs.other_user_id = shared_tracks.other_user_id
    left join shared_artists
        on
            pairs.user_id = shared_artists.user_id
            and pairs.other_user_id = shared_artists.other_user_id

)

select * from final
