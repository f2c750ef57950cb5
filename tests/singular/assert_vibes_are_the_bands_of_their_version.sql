-- A returned row is a day or week whose vibe is not the band, of its own definition version, that its valence lies in.
with

days_and_weeks as (

    select
        user_id,
        listening_date as from_date,
        valence_pct,
        vibe,
        vibe_thresholds_version
    from {{ ref('daily_listening') }}

    union all

    select
        user_id,
        week_start as from_date,
        valence_pct,
        vibe,
        vibe_thresholds_version
    from {{ ref('weekly_listening') }}

),

bands as (select * from {{ ref('vibe_thresholds') }})

select
    days_and_weeks.user_id,
    days_and_weeks.from_date,
    days_and_weeks.valence_pct,
    days_and_weeks.vibe
from days_and_weeks
left join bands
    on
        days_and_weeks.vibe_thresholds_version = bands.version
        and days_and_weeks.vibe = bands.vibe
where
    days_and_weeks.valence_pct is not null
    and (
        bands.vibe is null
        or not ({{ is_in_band('days_and_weeks.valence_pct', 'bands') | indent(8) }})
    )
