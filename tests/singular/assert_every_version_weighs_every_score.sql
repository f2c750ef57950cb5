-- A returned row is a version of the score weights that forgets a score: the seed scores says that it is in use there.
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

),

-- From the first to the last, in the order in which they came into force; without a last one, to this day.
scores_in_use as (

    select
        scores.score,
        versions.version
    from scores
    inner join versions as first_versions
        on scores.first_version = first_versions.version
    left join versions as last_versions
        on scores.last_version = last_versions.version
    inner join versions
        on
            first_versions.valid_from <= versions.valid_from
            and (scores.last_version is null or last_versions.valid_from >= versions.valid_from)

)

select
    scores_in_use.score,
    scores_in_use.version as version_without_weights
from scores_in_use
left join score_weights
    on
        scores_in_use.version = score_weights.version
        and scores_in_use.score = score_weights.score
where score_weights.score is null
