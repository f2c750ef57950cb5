select
    family,
    version,
    valid_from::varchar as valid_from,
    recorded_on::varchar as recorded_on,
    rationale
from definition_versions
order by family, version
