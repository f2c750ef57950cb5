-- A returned row is a recommendation list of which not exactly the first k positions (or all, when there are fewer)
-- make the prediction.
with

recommendations as (select * from {{ ref('fct_recommendations') }}),

constants as (

    select * from {{ ref('diagnostic_constants') }}
    where constant = 'similarity_k'

),

lists as (

    select
        recommender,
        user_id,
        week_start,
        seed_track_id,
        max(position) as positions,
        count(case when is_prediction then 1 end) as predictions,
        max(case when is_prediction then position end) as last_prediction,
        count(distinct case when is_prediction then track_id end) as different_predictions
    from recommendations
    group by
        recommender,
        user_id,
        week_start,
        seed_track_id

)

select lists.*
from lists
cross join constants
where
    lists.predictions <> least(constants.value, coalesce(lists.positions, 0))
    or lists.different_predictions <> lists.predictions
    or lists.last_prediction <> lists.predictions
