with

plays as (select * from {{ ref('int_plays_with_features') }}),

days as (select * from {{ ref('int_listening_by_day') }}),

artists as (select * from {{ ref('int_listening_by_week_and_artist') }}),

-- Days are dense, so these are all weeks from a listener's first to last play. A week has one version of every
-- definition, so any of its days tells which.
weeks as (

    select
        user_id,
        week_start,
        count(*) as days_observed,
        count(case when plays > 0 then 1 end) as active_days,
        bool_or(has_gap) as has_gap,
        max(score_weights_version) as score_weights_version,
        max(vibe_thresholds_version) as vibe_thresholds_version,
        max(listen_rules_version) as listen_rules_version
    from days
    group by
        user_id,
        week_start

),

-- From plays, not from days: a week's mean runs over its listens.
summed as (

    select
        user_id,
        week_start,
        {{ listening_measures() | indent(8) }}
    from plays
    group by
        user_id,
        week_start

),

listened_tracks as (

    select
        user_id,
        week_start,
        listened_track_id,
        min(week_start) over (
            partition by user_id, listened_track_id
        ) as first_week
    from plays
    where is_listen
    group by
        user_id,
        week_start,
        listened_track_id

),

tracks_by_week as (

    select
        user_id,
        week_start,
        count(case when first_week = week_start then 1 end) as new_tracks,
        count(case when first_week < week_start then 1 end) as returning_tracks
    from listened_tracks
    group by
        user_id,
        week_start

),

artists_by_week as (

    select
        user_id,
        week_start,
        count(*) as unique_artists,
        count(case when is_new_artist then 1 end) as new_artists,
        count(case when not is_new_artist then 1 end) as returning_artists
    from artists
    where listens > 0
    group by
        user_id,
        week_start

),

dense as (

    select
        weeks.*,
        {{ listening_measures_or_zero('summed') | trim | indent(8) }},
        coalesce(tracks_by_week.new_tracks, 0) as new_tracks,
        coalesce(tracks_by_week.returning_tracks, 0) as returning_tracks,
        coalesce(artists_by_week.unique_artists, 0) as unique_artists,
        coalesce(artists_by_week.new_artists, 0) as new_artists,
        coalesce(artists_by_week.returning_artists, 0) as returning_artists
    from weeks
    left join summed
        on
            weeks.user_id = summed.user_id
            and weeks.week_start = summed.week_start
    left join tracks_by_week
        on
            weeks.user_id = tracks_by_week.user_id
            and weeks.week_start = tracks_by_week.week_start
    left join artists_by_week
        on
            weeks.user_id = artists_by_week.user_id
            and weeks.week_start = artists_by_week.week_start

),

final as (

    select
        *,
        {{ share_pct('scored_listens', 'listens') }} as feature_coverage_pct,
        {{ score_null_reason() | indent(8) }} as score_null_reason,
        {{ share_pct('skipped_plays', 'skip_known_plays') }} as skip_rate_pct,
        {{ skip_null_reason() | indent(8) }} as skip_null_reason,
        {{ completion_null_reason() | indent(8) }} as completion_null_reason
    from dense

)

select * from final
