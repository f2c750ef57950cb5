-- A returned row is a version and score whose weights do not sum to more than zero, so that there is no mean.
select
    version,
    score,
    sum(weight) as weight_sum
from {{ ref('score_weights') }}
group by
    version,
    score
having
    not sum(weight) > 0
    or sum(weight) is null
