-- A returned row is an edge of a vibe band that lies in no band of its version, or in more than one.
with

bands as (select * from {{ ref('vibe_thresholds') }}),

edges as (

    select
        version,
        lower_pct as edge_pct
    from bands
    union
    select
        version,
        upper_pct as edge_pct
    from bands

)

select
    edges.version,
    edges.edge_pct,
    count(bands.vibe) as bands_found
from edges
left join bands
    on
        edges.version = bands.version
        and {{ is_in_band('edges.edge_pct', 'bands') | indent(8) }}
group by
    edges.version,
    edges.edge_pct
having count(bands.vibe) <> 1
