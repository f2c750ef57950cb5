select
    recommender,
    is_local,
    description
from recommenders
order by recommender
