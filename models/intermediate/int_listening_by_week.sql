with

plays as (

    select * from {{ ref('fct_plays') }}

),

-- Only a track with all seven features makes a scored listen.
scored_tracks as (

    select * from {{ ref('int_track_features') }}
    where has_all_features

),

tracks as (

    select * from {{ ref('int_tracks') }}

),

calendar as (

    select * from {{ ref('int_definition_calendar') }}

),

-- From plays, not from days: a week's mean runs over its listens.
-- A play that is no listen gets no features: the means below run over scored listens. (As a condition of the
-- join, is_listen would cost ten times as much.)
plays_and_listens as (

    select
        *,
        case when is_listen then track_id end as listened_track_id
    from plays

),

summed as (

    select
        plays_and_listens.user_id,
        plays_and_listens.week_start,
        count(*) as plays,
        count(plays_and_listens.listened_track_id) as listens,
        count(distinct plays_and_listens.listened_track_id) as unique_tracks,
        count(distinct plays_and_listens.listening_date) as active_days,
        coalesce({{ minutes('sum(plays_and_listens.listened_ms)') }}, 0) as minutes_listened,
        count(scored_tracks.track_id) as scored_listens,
        {%- for feature in audio_features() %}
        avg(scored_tracks.{{ feature }}_pct) as {{ feature }}_pct{% if not loop.last %},{% endif %}
        {%- endfor %}
    from plays_and_listens
    left join scored_tracks
        on plays_and_listens.listened_track_id = scored_tracks.track_id
    group by
        plays_and_listens.user_id,
        plays_and_listens.week_start

),

first_listens as (

    select
        plays.user_id,
        plays.track_id,
        tracks.artist_name,
        min(plays.week_start) as first_week
    from plays
    left join tracks
        on plays.track_id = tracks.track_id
    where plays.is_listen
    group by
        plays.user_id,
        plays.track_id,
        tracks.artist_name

),

first_artist_listens as (

    select
        user_id,
        artist_name,
        min(first_week) as first_week
    from first_listens
    where artist_name is not null
    group by
        user_id,
        artist_name

),

new_tracks as (

    select
        user_id,
        first_week,
        count(*) as new_tracks
    from first_listens
    group by
        user_id,
        first_week

),

new_artists as (

    select
        user_id,
        first_week,
        count(*) as new_artists
    from first_artist_listens
    group by
        user_id,
        first_week

),

final as (

    select
        summed.*,
        coalesce(new_tracks.new_tracks, 0) as new_tracks,
        coalesce(new_artists.new_artists, 0) as new_artists,
        calendar.score_weights_version
    from summed
    inner join calendar
        on summed.week_start = calendar.week_start
    left join new_tracks
        on
            summed.user_id = new_tracks.user_id
            and summed.week_start = new_tracks.first_week
    left join new_artists
        on
            summed.user_id = new_artists.user_id
            and summed.week_start = new_artists.first_week

)

select * from final
