select
    user_id,
    strftime(requested_at, '%Y-%m-%dT%H:%M:%SZ') as requested_at,
    strftime(gap_started_at, '%Y-%m-%dT%H:%M:%SZ') as gap_started_at,
    strftime(gap_ended_at, '%Y-%m-%dT%H:%M:%SZ') as gap_ended_at,
    first_gap_date::varchar as first_gap_date,
    last_gap_date::varchar as last_gap_date,
    gap_hours,
    page_size,
    gap_status,
    strftime(open_from_at, '%Y-%m-%dT%H:%M:%SZ') as open_from_at,
    first_open_date::varchar as first_open_date,
    last_open_date::varchar as last_open_date,
    strftime(closed_at, '%Y-%m-%dT%H:%M:%SZ') as closed_at
from listening_gaps
order by user_id, requested_at
