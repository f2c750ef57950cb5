with

listener_weeks as (select * from {{ ref('int_listener_weeks') }}),

segments as (select * from {{ ref('int_engagement_segments') }}),

-- Weeks are dense from the cohort's own on.
since_first as (

    select
        segments.segment_kind,
        segments.segment,
        listener_weeks.first_active_week as cohort_week,
        cast(
            floor({{ days_between('listener_weeks.first_active_week', 'listener_weeks.week_start') }} / 7) as bigint
        ) as weeks_since,
        listener_weeks.is_observed_to_the_end,
        listener_weeks.is_active
    from listener_weeks
    inner join segments
        on listener_weeks.user_id = segments.user_id
    where listener_weeks.week_start >= listener_weeks.first_active_week

),

counted as (

    select
        segment_kind,
        segment,
        cohort_week,
        weeks_since,
        count(*) as cohort_listeners,
        count(case when is_observed_to_the_end then 1 end) as observed_listeners,
        count(case when is_observed_to_the_end and is_active then 1 end) as kept_listeners
    from since_first
    group by
        segment_kind,
        segment,
        cohort_week,
        weeks_since

),

final as (

    select
        segment_kind,
        segment,
        cohort_week,
        weeks_since,
        cohort_listeners,
        observed_listeners,
        kept_listeners,
        {{ share_pct('kept_listeners', 'observed_listeners') }} as retention_pct,
        case when observed_listeners = 0 then 'not observed so long' end as retention_null_reason
    from counted

)

select * from final
