{#-
    A returned row is a version that stands in a definition's own seed but not in definition_versions, or the other
    way round: a version without a date would never be used, one without content would leave numbers empty.
-#}
{% test stands_in_definition_versions(model, family) %}

select
    coalesce(defined.version, dated.version) as version,
    defined.version is not null as has_content,
    dated.version is not null as has_date
from (select distinct version from {{ model }}) as defined
full outer join (
    select version
    from {{ ref('definition_versions') }}
    where family = '{{ family }}'
) as dated
    on defined.version = dated.version
where
    defined.version is null
    or dated.version is null

{% endtest %}
