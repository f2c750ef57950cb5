-- A returned row is a score whose first or last version (seed scores) is no version of the score weights, or whose last
-- came into force before its first.
with

versions as (

    select * from {{ ref('definition_versions') }}
    where family = 'score_weights'

),

scores as (select * from {{ ref('scores') }})

select
    scores.score,
    scores.first_version,
    scores.last_version
from scores
left join versions as first_versions
    on scores.first_version = first_versions.version
left join versions as last_versions
    on scores.last_version = last_versions.version
where
    first_versions.version is null
    or (scores.last_version is not null and last_versions.version is null)
    or last_versions.valid_from < first_versions.valid_from
