-- A returned row is a score that has a column of its own in the wide marts and is not in use in all versions: it would
-- be empty without a reason. To retire such a score, take its column out of the models first.
with

first_version as (

    select version
    from {{ ref('definition_versions') }}
    where
        family = 'score_weights'
        and valid_from = (
            select min(earliest.valid_from)
            from {{ ref('definition_versions') }} as earliest
            where earliest.family = 'score_weights'
        )

),

scores_with_columns as (

    select 'energy' as score
    union all
    select 'musicality' as score
    union all
    select 'positivity' as score

),

scores as (select * from {{ ref('scores') }})

select
    scores_with_columns.score,
    scores.first_version,
    scores.last_version
from scores_with_columns
left join scores
    on scores_with_columns.score = scores.score
left join first_version
    on scores.first_version = first_version.version
where
    first_version.version is null
    or scores.last_version is not null
