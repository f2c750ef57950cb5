-- A returned row is a version of the score weights that leaves out a score which has a column of its own in the wide
-- marts: the column would be empty without a reason. To retire such a score, take its column out of the models first.
with

versions as (

    select * from {{ ref('definition_versions') }}
    where family = 'score_weights'

),

scores_with_columns as (

    select 'energy' as score
    union all
    select 'musicality' as score
    union all
    select 'positivity' as score

),

score_weights as (

    select distinct
        version,
        score
    from {{ ref('score_weights') }}
    where weight > 0

)

select
    scores_with_columns.score,
    versions.version as version_without_weights
from scores_with_columns
cross join versions
left join score_weights
    on
        versions.version = score_weights.version
        and scores_with_columns.score = score_weights.score
where score_weights.score is null
