-- The versions that the newest days on the site were built with
with newest as (
    select
        family,
        max(valid_from) as valid_from
    from marts.definition_versions
    where valid_from <= (select max(last_week) from marts.dim_users)
    group by family
)

select
    v.family,
    v.version
from marts.definition_versions as v
inner join newest on newest.family = v.family and newest.valid_from = v.valid_from
order by v.family
