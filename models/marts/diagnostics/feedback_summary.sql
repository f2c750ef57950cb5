with

feedback as (select * from {{ ref('int_feedback') }}),

recommendations as (

    -- The seed track itself and repeats are no recommendations.
    select * from {{ ref('int_recommendations') }}
    where
        position is not null
        and as_of is not null

),

listener_tracks as (select * from {{ ref('int_listener_tracks') }}),

tracks as (select * from {{ ref('dim_tracks') }}),

segments as (select * from {{ ref('int_engagement_segments') }}),

constants as (

    select
        max(case when constant = 'feedback_within_days' then value end) as feedback_within_days,
        max(case when constant = 'positive_rating_from' then value end) as positive_rating_from
    from {{ ref('diagnostic_constants') }}

),

-- Rounded first: 4 of 5 stars are 0.8 of the scale, also where a division says 0.7999999999999999.
verdicts as (

    select
        feedback.*,
        feedback.feedback_kind in ('saved', 'liked')
        or coalesce(round(feedback.rating, 6) >= constants.positive_rating_from, false) as is_positive,
        coalesce(tracks.vibe, 'unknown vibe') as track_vibe,
        listener_tracks.track_id is not null as is_played
    from feedback
    cross join constants
    left join tracks
        on feedback.track_id = tracks.track_id
    left join listener_tracks
        on
            feedback.user_id = listener_tracks.user_id
            and feedback.track_id = listener_tracks.track_id

),

-- A track may be recommended in many weeks: its verdict counts once for a version of a recommender.
recommended as (

    select distinct
        feedback.user_id,
        feedback.track_id,
        feedback.feedback_kind,
        recommendations.recommender,
        recommendations.recommender_version
    from feedback
    inner join recommendations
        on
            feedback.user_id = recommendations.user_id
            and feedback.track_id = recommendations.track_id
            and feedback.given_at >= recommendations.as_of
    inner join constants
        on
            {{ milliseconds_between('recommendations.as_of', 'feedback.given_at') }}
            <= constants.feedback_within_days * {{ milliseconds_a_day() }}

),

recommended_at_all as (

    select distinct
        user_id,
        track_id,
        feedback_kind
    from recommended

),

sourced as (

    select
        verdicts.*,
        'all' as feedback_source,
        cast(null as {{ dbt.type_string() }}) as recommender,
        cast(null as {{ dbt.type_string() }}) as recommender_version
    from verdicts

    union all

    select
        verdicts.*,
        'played' as feedback_source,
        cast(null as {{ dbt.type_string() }}) as recommender,
        cast(null as {{ dbt.type_string() }}) as recommender_version
    from verdicts
    where verdicts.is_played

    union all

    select
        verdicts.*,
        'recommended' as feedback_source,
        recommended.recommender,
        recommended.recommender_version
    from verdicts
    inner join recommended
        on
            verdicts.user_id = recommended.user_id
            and verdicts.track_id = recommended.track_id
            and verdicts.feedback_kind = recommended.feedback_kind

    union all

    select
        verdicts.*,
        'neither' as feedback_source,
        cast(null as {{ dbt.type_string() }}) as recommender,
        cast(null as {{ dbt.type_string() }}) as recommender_version
    from verdicts
    left join recommended_at_all
        on
            verdicts.user_id = recommended_at_all.user_id
            and verdicts.track_id = recommended_at_all.track_id
            and verdicts.feedback_kind = recommended_at_all.feedback_kind
    where
        not verdicts.is_played
        and recommended_at_all.user_id is null

),

-- Listeners and tracks are different ones, which do not add up: all vibes together have rows of their own.
with_every_vibe as (

    select
        user_id,
        track_id,
        feedback_kind,
        rating,
        is_positive,
        feedback_source,
        recommender,
        recommender_version,
        track_vibe
    from sourced

    union all

    select
        user_id,
        track_id,
        feedback_kind,
        rating,
        is_positive,
        feedback_source,
        recommender,
        recommender_version,
        'every vibe' as track_vibe
    from sourced

),

counted as (

    select
        with_every_vibe.feedback_source,
        with_every_vibe.recommender,
        with_every_vibe.recommender_version,
        with_every_vibe.track_vibe,
        segments.segment_kind,
        segments.segment,
        count(*) as verdicts,
        {%- for kind, column in [
            ('saved', 'saved'), ('liked', 'liked'), ('disliked', 'disliked'), ('rating', 'ratings'),
        ] %}
        count(case when with_every_vibe.feedback_kind = '{{ kind }}' then 1 end) as {{ column }},
        {%- endfor %}
        count(case when with_every_vibe.is_positive then 1 end) as positive_verdicts,
        count(distinct with_every_vibe.user_id) as listeners,
        count(distinct with_every_vibe.track_id) as tracks,
        {{ percent(exact_mean('with_every_vibe.rating')) }} as mean_rating_pct
    from with_every_vibe
    inner join segments
        on with_every_vibe.user_id = segments.user_id
    group by
        with_every_vibe.feedback_source,
        with_every_vibe.recommender,
        with_every_vibe.recommender_version,
        with_every_vibe.track_vibe,
        segments.segment_kind,
        segments.segment

),

final as (

    select
        {{ hashed_id([
            'feedback_source',
            "coalesce(recommender, '')",
            "coalesce(recommender_version, '')",
            'track_vibe',
            'segment_kind',
            'segment',
        ]) }} as feedback_summary_id,
        feedback_source,
        recommender,
        recommender_version,
        track_vibe,
        segment_kind,
        segment,
        verdicts,
        saved,
        liked,
        disliked,
        ratings,
        positive_verdicts,
        listeners,
        tracks,
        mean_rating_pct,
        case when ratings = 0 then 'no ratings' end as mean_rating_null_reason,
        {{ share_pct('positive_verdicts', 'verdicts') }} as positive_share_pct
    from counted

)

select * from final
