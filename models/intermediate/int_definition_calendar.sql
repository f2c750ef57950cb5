with

plays as (select * from {{ ref('int_plays') }}),

versions as (select * from {{ ref('int_definition_versions') }}),

span as (

    select
        min(week_start) as first_week,
        max(week_start) as last_week
    from plays

),

dates as (

    select {{ explode_dates('first_week', 'last_week') }} as date_day
    from span

),

weeks as (

    select date_day as week_start
    from dates
    where date_day = {{ week_start('date_day') }}

),

-- Versions begin on Mondays, so the version of a week's Monday is that of each of its days.
valid_versions as (

    select
        weeks.week_start,
        versions.family,
        versions.version
    from weeks
    inner join versions
        on
            weeks.week_start >= versions.valid_from
            and (versions.valid_before is null or weeks.week_start < versions.valid_before)

),

final as (

    select
        weeks.week_start,
        max(case when valid_versions.family = 'score_weights' then valid_versions.version end)
            as score_weights_version,
        max(case when valid_versions.family = 'vibe_thresholds' then valid_versions.version end)
            as vibe_thresholds_version,
        max(case when valid_versions.family = 'listen_rules' then valid_versions.version end)
            as listen_rules_version
    from weeks
    left join valid_versions
        on weeks.week_start = valid_versions.week_start
    group by weeks.week_start

)

select * from final
