-- A returned row is a recommender that neither stands in the seed recommenders nor came in a file; or one of the seed
-- that came in a file; or one that gave more tracks than it can.
with

recommendations as (

    select
        recommender,
        max(rank) as most_ranks
    from {{ ref('int_recommendations') }}
    group by recommender

),

from_files as (

    select distinct recommender
    from {{ ref('stg_recommendations__recommendation_requests') }}
    where outcome = 'file'

),

known as (

    select
        recommender,
        most_ranks
    from {{ ref('recommenders') }}

)

select recommendations.recommender
from recommendations
left join known
    on recommendations.recommender = known.recommender
left join from_files
    on recommendations.recommender = from_files.recommender
where
    (known.recommender is null and from_files.recommender is null)
    or (known.recommender is not null and from_files.recommender is not null)
    or recommendations.most_ranks > known.most_ranks
