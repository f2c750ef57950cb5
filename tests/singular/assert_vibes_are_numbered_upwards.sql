-- A returned row is a vibe band that lies higher than the one numbered after it: pages would mix up the scale.
with

bands as (

    select
        *,
        lead(lower_pct) over (
            partition by version
            order by vibe_order
        ) as lower_pct_of_next
    from {{ ref('vibe_thresholds') }}

)

select
    version,
    vibe,
    vibe_order,
    lower_pct,
    lower_pct_of_next
from bands
where lower_pct > lower_pct_of_next
