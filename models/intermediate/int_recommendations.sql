with

recommendations as (select * from {{ ref('stg_recommendations__recommendations') }}),

requests as (select * from {{ ref('stg_recommendations__recommendation_requests') }}),

track_aliases as (select * from {{ ref('track_aliases') }}),

constants as (select * from {{ ref('diagnostic_constants') }}),

-- An answer counts as a whole: a longer one that was given earlier leaves no ranks behind. Its tracks came with the
-- same load as the question. (Before questions were stored, there were answers alone.)
latest_answers as (

    select recommendations.*
    from recommendations
    left join requests
        on
            recommendations.recommender = requests.recommender
            and recommendations.user_id = requests.user_id
            and recommendations.week_start = requests.week_start
            and recommendations.seed_track_id = requests.seed_track_id
    where
        requests.recommender is null
        or recommendations.load_id = requests.load_id

),

canonical as (

    select
        latest_answers.*,
        coalesce(seed_aliases.canonical_track_id, latest_answers.seed_track_id) as canonical_seed_track_id,
        coalesce(track_aliases.canonical_track_id, latest_answers.track_id) as canonical_track_id
    from latest_answers
    left join track_aliases as seed_aliases
        on latest_answers.seed_track_id = seed_aliases.track_id
    left join track_aliases
        on latest_answers.track_id = track_aliases.track_id

),

-- When two ids of one seed track were asked for, the answer for the canonical id counts.
with_seed_order as (

    select
        *,
        dense_rank() over (
            partition by recommender, user_id, week_start, canonical_seed_track_id
            order by
                case when seed_track_id = canonical_seed_track_id then 0 else 1 end,
                seed_track_id
        ) as seed_order
    from canonical

),

with_repetition as (

    select
        recommendation_id,
        recommender,
        recommender_version,
        variant,
        user_id,
        week_start,
        canonical_seed_track_id as seed_track_id,
        rank,
        canonical_track_id as track_id,
        as_of,
        requested_at,
        row_number() over (
            partition by recommender, user_id, week_start, canonical_seed_track_id, canonical_track_id
            order by rank
        ) as occurrence
    from with_seed_order
    where seed_order = 1

),

-- The seed track itself and repeated tracks predict nothing: positions are numbered without them.
marked as (

    select
        *,
        track_id <> seed_track_id and occurrence = 1 as is_taken_into_account
    from with_repetition

),

positioned as (

    select
        *,
        case
            when is_taken_into_account
                then row_number() over (
                    partition by recommender, user_id, week_start, seed_track_id, is_taken_into_account
                    order by rank
                )
        end as position
    from marked

),

final as (

    select
        positioned.recommendation_id,
        positioned.recommender,
        positioned.recommender_version,
        positioned.variant,
        positioned.user_id,
        positioned.week_start,
        positioned.seed_track_id,
        positioned.rank,
        positioned.track_id,
        positioned.as_of,
        positioned.requested_at,
        positioned.position,
        coalesce(positioned.position <= constants.value, false) as is_prediction
    from positioned
    inner join constants
        on constants.constant = 'similarity_k'

)

select * from final
