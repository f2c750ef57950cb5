with

recommendations as (

    select * from {{ ref('int_recommendations_with_outcomes') }}
    where
        is_prediction
        and top_song_number is not null

),

plays as (

    select * from {{ ref('int_plays') }}
    where is_listen

),

tracks as (

    select * from {{ ref('int_track_labels') }}
    where vibe is not null

),

constants as (

    select * from {{ ref('diagnostic_constants') }}
    where constant = 'calibration_weeks'

),

recommended_vibes as (

    select
        recommendations.recommender,
        coalesce(recommendations.recommender_version, 'not given') as recommender_version,
        coalesce(recommendations.variant, '') as variant,
        recommendations.user_id,
        recommendations.week_start,
        tracks.vibe,
        count(*) as tracks
    from recommendations
    inner join tracks
        on recommendations.track_id = tracks.track_id
    group by
        recommendations.recommender,
        coalesce(recommendations.recommender_version, 'not given'),
        coalesce(recommendations.variant, ''),
        recommendations.user_id,
        recommendations.week_start,
        tracks.vibe

),

recommended_weeks as (

    select
        recommender,
        recommender_version,
        variant,
        user_id,
        week_start,
        sum(tracks) as tracks
    from recommended_vibes
    group by
        recommender,
        recommender_version,
        variant,
        user_id,
        week_start

),

weeks as (

    select distinct
        user_id,
        week_start
    from recommended_weeks

),

listens_by_week as (

    select
        plays.user_id,
        plays.week_start,
        tracks.vibe,
        count(*) as listens
    from plays
    inner join tracks
        on plays.track_id = tracks.track_id
    group by
        plays.user_id,
        plays.week_start,
        tracks.vibe

),

-- The weeks before the moment up to which the recommender knew listening: the last of them is that of the Top Songs.
listened_vibes as (

    select
        weeks.user_id,
        weeks.week_start,
        listens_by_week.vibe,
        sum(listens_by_week.listens) as listens
    from weeks
    cross join constants
    inner join listens_by_week
        on
            weeks.user_id = listens_by_week.user_id
            and weeks.week_start >= listens_by_week.week_start
            and {{ days_between('listens_by_week.week_start', 'weeks.week_start') }} < constants.value * 7
    group by
        weeks.user_id,
        weeks.week_start,
        listens_by_week.vibe

),

listened_weeks as (

    select
        user_id,
        week_start,
        sum(listens) as listens
    from listened_vibes
    group by
        user_id,
        week_start

),

vibes as (

    select distinct vibe
    from tracks

),

-- Both shares of each vibe, zeros too: the recommender's and the listener's.
shares as (

    select
        recommended_weeks.recommender,
        recommended_weeks.recommender_version,
        recommended_weeks.variant,
        recommended_weeks.user_id,
        recommended_weeks.week_start,
        coalesce(recommended_vibes.tracks, 0) / cast(recommended_weeks.tracks as double) as recommended_share,
        coalesce(listened_vibes.listens, 0) / cast(listened_weeks.listens as double) as listened_share
    from recommended_weeks
    inner join listened_weeks
        on
            recommended_weeks.user_id = listened_weeks.user_id
            and recommended_weeks.week_start = listened_weeks.week_start
    cross join vibes
    left join recommended_vibes
        on
            recommended_weeks.recommender = recommended_vibes.recommender
            and recommended_weeks.recommender_version = recommended_vibes.recommender_version
            and recommended_weeks.variant = recommended_vibes.variant
            and recommended_weeks.user_id = recommended_vibes.user_id
            and recommended_weeks.week_start = recommended_vibes.week_start
            and vibes.vibe = recommended_vibes.vibe
    left join listened_vibes
        on
            recommended_weeks.user_id = listened_vibes.user_id
            and recommended_weeks.week_start = listened_vibes.week_start
            and vibes.vibe = listened_vibes.vibe

),

divergences as (

    select
        recommender,
        recommender_version,
        variant,
        user_id,
        week_start,
        {{ exact_sum(
            'case when recommended_share > 0 then recommended_share * '
            ~ binary_logarithm('recommended_share * 2 / (recommended_share + listened_share)')
            ~ ' else 0 end + case when listened_share > 0 then listened_share * '
            ~ binary_logarithm('listened_share * 2 / (recommended_share + listened_share)')
            ~ ' else 0 end'
        ) }} / 2 as divergence
    from shares
    group by
        recommender,
        recommender_version,
        variant,
        user_id,
        week_start

),

final as (

    select
        recommender,
        recommender_version,
        nullif(variant, '') as variant,
        user_id,
        week_start,
        -- The Jensen-Shannon distance is the root of the divergence; rounding must not take it below zero.
        sqrt(greatest(divergence, 0)) as calibration_distance
    from divergences

)

select * from final
