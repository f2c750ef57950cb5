-- A returned row says that k is larger than the number of ranks that are stored, so that predictions would be cut.
with

k as (

    select value from {{ ref('diagnostic_constants') }}
    where constant = 'similarity_k'

),

ranks as (

    select value from {{ ref('diagnostic_constants') }}
    where constant = 'recommendation_ranks'

)

select
    k.value as similarity_k,
    ranks.value as recommendation_ranks
from k
cross join ranks
where k.value > ranks.value
