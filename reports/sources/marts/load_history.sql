select
    source,
    file,
    rows_read,
    rows_loaded,
    rows_set_aside,
    rows_repeated,
    rows_rejected,
    rows_new,
    rows_new_null_reason,
    problem,
    strftime(loaded_at, '%Y-%m-%dT%H:%M:%SZ') as loaded_at
from load_history
order by loaded_at, file
