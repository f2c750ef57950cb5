with

engagement as (select * from {{ ref('int_engagement_by_track') }}),

measures as (select * from {{ ref('int_track_measures') }}),

played_tracks as (

    select
        track_id,
        sum(plays) as plays
    from engagement
    group by track_id

),

-- Rounded first: values that are equal but for the last bit are one value on every engine.
valued as (

    select
        measures.track_id,
        measures.measure_kind,
        measures.measure,
        measures.measure_order,
        round(measures.measure_pct, 6) as measure_pct,
        played_tracks.plays
    from measures
    inner join played_tracks
        on measures.track_id = played_tracks.track_id

),

-- By range: all tracks of one value have the same plays up to and including it.
counted as (

    select
        *,
        sum(plays) over (
            partition by measure_kind, measure
            order by measure_pct
            range between unbounded preceding and current row
        ) as plays_up_to,
        sum(plays) over (partition by measure_kind, measure, measure_pct) as plays_with,
        sum(plays) over (partition by measure_kind, measure) as plays_in_all
    from valued

),

-- A value belongs to the decile in which its plays begin.
final as (

    select
        track_id,
        measure_kind,
        measure,
        measure_order,
        measure_pct,
        cast(floor(cast(plays_up_to - plays_with as double) * 10 / plays_in_all) as bigint) + 1 as decile
    from counted

)

select * from final
