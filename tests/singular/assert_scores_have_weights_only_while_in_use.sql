-- A returned row is a score that has weights in a version before its first or after its last (seed scores).
with

versions as (

    select * from {{ ref('definition_versions') }}
    where family = 'score_weights'

),

scores as (select * from {{ ref('scores') }}),

score_weights as (

    select distinct
        version,
        score
    from {{ ref('score_weights') }}

)

select
    score_weights.score,
    score_weights.version as version_with_weights,
    scores.first_version,
    scores.last_version
from score_weights
inner join scores
    on score_weights.score = scores.score
inner join versions
    on score_weights.version = versions.version
left join versions as first_versions
    on scores.first_version = first_versions.version
left join versions as last_versions
    on scores.last_version = last_versions.version
where
    versions.valid_from < first_versions.valid_from
    or versions.valid_from > last_versions.valid_from
