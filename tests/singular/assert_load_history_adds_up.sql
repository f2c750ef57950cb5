-- A returned row is a loaded file whose records are not all accounted for: loaded, set aside, repeated or rejected.
select
    source,
    file,
    rows_read,
    rows_loaded,
    rows_set_aside,
    rows_repeated,
    rows_rejected
from {{ ref('load_history') }}
where rows_read <> rows_loaded + rows_set_aside + rows_repeated + rows_rejected
