select
    strftime(published_at, '%Y-%m-%dT%H:%M:%SZ') as published_at,
    strftime(data_as_of, '%Y-%m-%dT%H:%M:%SZ') as data_as_of,
    listeners,
    plays,
    tests_passed,
    tests_warned,
    tests_total,
    models_built
from publication
