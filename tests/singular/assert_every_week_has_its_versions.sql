-- A returned row is a week for which a family of definitions has no valid version, so that its numbers stay empty.
select *
from {{ ref('int_definition_calendar') }}
where
    score_weights_version is null
    or vibe_thresholds_version is null
    or listen_rules_version is null
