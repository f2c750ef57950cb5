select
    published_at,
    data_as_of,
    newest_listening_date,
    listeners,
    plays,
    tests_passed,
    tests_warned,
    tests_total,
    models_built
from marts.publication
