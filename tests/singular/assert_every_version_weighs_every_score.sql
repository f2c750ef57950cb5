-- A returned row is a version of the score weights that leaves one of the scores out.
with

versions as (

    select distinct version from {{ ref('score_weights') }}

),

scores as (

    select * from {{ ref('scores') }}

),

score_weights as (

    select distinct
        version,
        score
    from {{ ref('score_weights') }}

)

select
    versions.version,
    scores.score
from versions
cross join scores
left join score_weights
    on
        versions.version = score_weights.version
        and scores.score = score_weights.score
where score_weights.score is null
