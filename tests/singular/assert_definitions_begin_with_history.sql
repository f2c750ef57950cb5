-- A returned row is a family of definitions without a version for the beginning of history, 1900-01-01.
with

families as (

    select 'score_weights' as family
    union all
    select 'vibe_thresholds' as family
    union all
    select 'listen_rules' as family
    union all
    select 'sound_clusters' as family

),

versions as (select * from {{ ref('definition_versions') }})

select
    families.family,
    min(versions.valid_from) as first_valid_from
from families
left join versions
    on families.family = versions.family
group by families.family
having
    min(versions.valid_from) is null
    or min(versions.valid_from) > cast('1900-01-01' as date)
