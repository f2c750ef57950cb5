-- A returned row is a vibe band that does not begin where the one below it ends: a gap, an overlap, or an end of the
-- scale that no band reaches.
with

bands as (

    select
        *,
        lag(upper_pct) over (
            partition by version
            order by lower_pct, upper_pct
        ) as upper_pct_below,
        lag(upper_inclusive) over (
            partition by version
            order by lower_pct, upper_pct
        ) as upper_inclusive_below,
        lead(lower_pct) over (
            partition by version
            order by lower_pct, upper_pct
        ) as lower_pct_above
    from {{ ref('vibe_thresholds') }}

)

select
    version,
    vibe,
    lower_pct,
    lower_inclusive,
    upper_pct,
    upper_inclusive
from bands
where
    -- The first begins at 0, the last ends at 100, both included.
    (upper_pct_below is null and not (lower_pct = 0 and lower_inclusive))
    or (lower_pct_above is null and not (upper_pct = 100 and upper_inclusive))
    -- In between an edge is shared, and belongs to exactly one of the two.
    or upper_pct_below <> lower_pct
    or upper_inclusive_below = lower_inclusive
