-- A returned row is a comparison of version 2 that differs from version 1 where both say the same, that lacks a
-- similarity or a chance level without saying why (or says why although it has one), or a chance level out of range.
with

first_version as (

    select * from {{ ref('fct_feature_similarity', v=1) }}

),

second_version as (

    select * from {{ ref('fct_feature_similarity', v=2) }}

),

joined as (

    select
        second_version.*,
        first_version.recommender is null
        or coalesce(
            first_version.similarity_pct <> second_version.similarity_pct
            or first_version.difference_pp <> second_version.difference_pp,
            (first_version.similarity_pct is null) <> (second_version.similarity_pct is null)
        )
        or first_version.scored_recommendations <> second_version.scored_recommendations as differs
    from first_version
    full outer join second_version
        on
            first_version.recommender = second_version.recommender
            and first_version.user_id = second_version.user_id
            and first_version.week_start = second_version.week_start
            and first_version.top_song_number = second_version.top_song_number
            and first_version.audio_feature = second_version.audio_feature

)

select *
from joined
where
    recommender is null
    or differs
    or (similarity_pct is null) <> (similarity_null_reason is not null)
    or (chance_difference_pp is null) <> (chance_null_reason is not null)
    or chance_difference_pp < 0
    or chance_difference_pp > 100
