with

answers as (select * from {{ ref('int_recommendation_answers') }}),

sides as (

    select
        recommender,
        recommender_version,
        min(week_start) as first_week
    from answers
    group by
        recommender,
        recommender_version

),

variant_sides as (

    select distinct
        recommender,
        recommender_version,
        variant
    from answers
    where variant is not null

),

-- Different recommenders on the same Top Songs; versions of one, each on its own songs; variants likewise, as an
-- experiment deals them out.
final as (

    select
        'recommenders' as comparison_kind,
        true as is_paired,
        firsts.recommender as first_recommender,
        firsts.recommender_version as first_version,
        'any' as first_variant,
        seconds.recommender as second_recommender,
        seconds.recommender_version as second_version,
        'any' as second_variant
    from sides as firsts
    inner join sides as seconds
        on firsts.recommender < seconds.recommender

    union all

    -- The newer version first, so that a difference above zero is an improvement.
    select
        'versions' as comparison_kind,
        false as is_paired,
        firsts.recommender as first_recommender,
        firsts.recommender_version as first_version,
        'any' as first_variant,
        seconds.recommender as second_recommender,
        seconds.recommender_version as second_version,
        'any' as second_variant
    from sides as firsts
    inner join sides as seconds
        on
            firsts.recommender = seconds.recommender
            and (
                firsts.first_week > seconds.first_week
                or (
                    firsts.first_week = seconds.first_week
                    and firsts.recommender_version > seconds.recommender_version
                )
            )

    union all

    select
        'variants' as comparison_kind,
        false as is_paired,
        firsts.recommender as first_recommender,
        firsts.recommender_version as first_version,
        firsts.variant as first_variant,
        seconds.recommender as second_recommender,
        seconds.recommender_version as second_version,
        seconds.variant as second_variant
    from variant_sides as firsts
    inner join variant_sides as seconds
        on
            firsts.recommender = seconds.recommender
            and firsts.recommender_version = seconds.recommender_version
            and firsts.variant < seconds.variant

)

select * from final
