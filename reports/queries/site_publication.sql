select
    published_at,
    data_as_of,
    listeners,
    plays,
    tests_passed,
    tests_warned,
    tests_total,
    models_built
from marts.publication
