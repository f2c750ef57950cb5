with

recommendations as (

    select * from {{ ref('int_recommendations') }}
    where as_of is not null

),

plays as (select * from {{ ref('int_plays') }}),

observation as (select * from {{ ref('int_listener_observation') }}),

open_gaps as (select * from {{ ref('int_poll_gaps') }}),

feedback as (select * from {{ ref('int_feedback') }}),

horizons as (

    select
        max(case when constant = 'short_horizon_days' then value end) as short_days,
        max(case when constant = 'long_horizon_days' then value end) as long_days,
        max(case when constant = 'feedback_within_days' then value end) as feedback_days
    from {{ ref('diagnostic_constants') }}

),

-- What several recommenders recommend at one moment, or one for several songs, is looked at once.
recommended as (

    select distinct
        user_id,
        track_id,
        as_of
    from recommendations

),

moments as (

    select distinct
        user_id,
        as_of
    from recommended

),

-- What is known after as_of ends with the first gap that is still open: a listen may lie in it.
observed as (

    select
        moments.user_id,
        moments.as_of,
        least(observation.observed_until, min(open_gaps.gap_started_at)) as observed_until
    from moments
    inner join observation
        on moments.user_id = observation.user_id
    left join open_gaps
        on
            moments.user_id = open_gaps.user_id
            and moments.as_of < open_gaps.gap_ended_at
    group by
        moments.user_id,
        moments.as_of,
        observation.observed_until

),

with_horizons as (

    select
        observed.user_id,
        observed.as_of,
        observed.observed_until,
        {{ add_24_hour_days('observed.as_of', 'horizons.short_days') }} as short_horizon_ends_at,
        {{ add_24_hour_days('observed.as_of', 'horizons.long_days') }} as long_horizon_ends_at
    from observed
    cross join horizons

),

first_plays as (

    select
        user_id,
        track_id,
        min(played_at) as first_played_at
    from plays
    group by
        user_id,
        track_id

),

-- as_of belongs to the time after: what ends at that very moment, the recommender did not know.
after_as_of as (

    select
        recommended.user_id,
        recommended.track_id,
        recommended.as_of,
        min(case when plays.is_listen then plays.played_at end) as first_listened_at,
        count(case when plays.played_at < with_horizons.long_horizon_ends_at then 1 end) as plays,
        count(
            case when plays.is_listen and plays.played_at < with_horizons.long_horizon_ends_at then 1 end
        ) as listens,
        count(
            case when plays.is_skipped and plays.played_at < with_horizons.long_horizon_ends_at then 1 end
        ) as skipped_plays,
        {{ exact_mean(
            'case when plays.played_at < with_horizons.long_horizon_ends_at then plays.completion_pct end'
        ) }} as completion_pct
    from recommended
    inner join with_horizons
        on
            recommended.user_id = with_horizons.user_id
            and recommended.as_of = with_horizons.as_of
    inner join plays
        on
            recommended.user_id = plays.user_id
            and recommended.track_id = plays.track_id
            and recommended.as_of <= plays.played_at
    group by
        recommended.user_id,
        recommended.track_id,
        recommended.as_of

),

-- Of every kind of feedback the listener's latest word counts, when it came after the recommendation and soon.
said as (

    select
        recommended.user_id,
        recommended.track_id,
        recommended.as_of,
        count(case when feedback.feedback_kind = 'saved' then 1 end) > 0 as is_saved,
        count(case when feedback.feedback_kind = 'liked' then 1 end) > 0 as is_liked,
        count(case when feedback.feedback_kind = 'disliked' then 1 end) > 0 as is_disliked,
        max(case when feedback.feedback_kind = 'rating' then feedback.rating end) as rating
    from recommended
    cross join horizons
    inner join feedback
        on
            recommended.user_id = feedback.user_id
            and recommended.track_id = feedback.track_id
            and recommended.as_of <= feedback.given_at
            and feedback.given_at <= {{ add_24_hour_days('recommended.as_of', 'horizons.feedback_days') }}
    group by
        recommended.user_id,
        recommended.track_id,
        recommended.as_of

),

joined as (

    select
        recommended.user_id,
        recommended.track_id,
        recommended.as_of,
        coalesce(first_plays.first_played_at >= recommended.as_of, true) as is_new_to_listener,
        after_as_of.first_listened_at,
        after_as_of.plays,
        after_as_of.listens,
        after_as_of.skipped_plays,
        after_as_of.completion_pct,
        coalesce(said.is_saved, false) as is_saved,
        coalesce(said.is_liked, false) as is_liked,
        coalesce(said.is_disliked, false) as is_disliked,
        said.rating,
        with_horizons.observed_until,
        with_horizons.short_horizon_ends_at,
        with_horizons.long_horizon_ends_at,
        coalesce(with_horizons.short_horizon_ends_at <= with_horizons.observed_until, false)
            as is_short_horizon_observed,
        coalesce(with_horizons.long_horizon_ends_at <= with_horizons.observed_until, false)
            as is_long_horizon_observed
    from recommended
    inner join with_horizons
        on
            recommended.user_id = with_horizons.user_id
            and recommended.as_of = with_horizons.as_of
    left join first_plays
        on
            recommended.user_id = first_plays.user_id
            and recommended.track_id = first_plays.track_id
    left join after_as_of
        on
            recommended.user_id = after_as_of.user_id
            and recommended.track_id = after_as_of.track_id
            and recommended.as_of = after_as_of.as_of
    left join said
        on
            recommended.user_id = said.user_id
            and recommended.track_id = said.track_id
            and recommended.as_of = said.as_of

),

final as (

    select
        user_id,
        track_id,
        as_of,
        is_new_to_listener,
        first_listened_at is not null as is_listened_after,
        cast(
            floor({{ milliseconds_between('as_of', 'first_listened_at') }} / ({{ milliseconds_a_day() }} * 1.0))
            as bigint
        ) as days_until_listened,
        case
            when is_short_horizon_observed then coalesce(first_listened_at < short_horizon_ends_at, false)
        end as is_listened_within_short_horizon,
        case
            when is_long_horizon_observed then coalesce(first_listened_at < long_horizon_ends_at, false)
        end as is_listened_within_long_horizon,
        case when is_long_horizon_observed then coalesce(plays, 0) end as plays_within_long_horizon,
        case when is_long_horizon_observed then coalesce(listens, 0) end as listens_within_long_horizon,
        case when is_long_horizon_observed then coalesce(skipped_plays, 0) end as skipped_plays_within_long_horizon,
        case when is_long_horizon_observed then completion_pct end as completion_within_long_horizon_pct,
        is_saved,
        is_liked,
        is_disliked,
        {{ percent('rating') }} as rating_pct
    from joined

)

select * from final
