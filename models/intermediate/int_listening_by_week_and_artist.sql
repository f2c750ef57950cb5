with

plays as (select * from {{ ref('int_plays_with_features') }}),

-- An artist is a name; a track without one counts for nobody.
tracks as (

    select * from {{ ref('int_tracks') }}
    where artist_name is not null

),

calendar as (select * from {{ ref('int_definition_calendar') }}),

plays_of_artists as (

    select
        plays.*,
        tracks.artist_name
    from plays
    inner join tracks
        on plays.track_id = tracks.track_id

),

summed as (

    select
        user_id,
        week_start,
        artist_name,
        {{ listening_measures() | indent(8) }}
    from plays_of_artists
    group by
        user_id,
        week_start,
        artist_name

),

-- The first week with a listen, not only with a play. A listen of this week may be the first one.
with_first_week as (

    select
        *,
        min(case when listens > 0 then week_start end) over (
            partition by user_id, artist_name
        ) as first_week
    from summed

),

final as (

    select
        with_first_week.*,
        coalesce(with_first_week.first_week = with_first_week.week_start, false) as is_new_artist,
        {{ share_pct('with_first_week.scored_listens', 'with_first_week.listens') }} as feature_coverage_pct,
        {{ score_null_reason() | indent(8) }} as score_null_reason,
        calendar.score_weights_version,
        calendar.vibe_thresholds_version,
        calendar.listen_rules_version
    from with_first_week
    inner join calendar
        on with_first_week.week_start = calendar.week_start

)

select * from final
