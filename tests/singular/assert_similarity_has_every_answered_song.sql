-- A returned row is a Top Song for which a recommender gave a track, without one row for each audio feature in
-- fct_feature_similarity; or the other way round.
with

answered as (

    select distinct
        recommender,
        user_id,
        week_start,
        top_song_number
    from {{ ref('fct_recommendations') }}
    where top_song_number is not null

),

compared as (

    select
        recommender,
        user_id,
        week_start,
        top_song_number,
        count(distinct audio_feature) as features
    from {{ ref('fct_feature_similarity') }}
    group by
        recommender,
        user_id,
        week_start,
        top_song_number

),

expected as (

    select count(*) as features from {{ ref('audio_features') }}

)

select
    coalesce(answered.recommender, compared.recommender) as recommender,
    coalesce(answered.user_id, compared.user_id) as user_id,
    coalesce(answered.week_start, compared.week_start) as week_start,
    coalesce(answered.top_song_number, compared.top_song_number) as top_song_number
from answered
full outer join compared
    on
        answered.recommender = compared.recommender
        and answered.user_id = compared.user_id
        and answered.week_start = compared.week_start
        and answered.top_song_number = compared.top_song_number
cross join expected
where
    answered.recommender is null
    or compared.recommender is null
    or compared.features <> expected.features
