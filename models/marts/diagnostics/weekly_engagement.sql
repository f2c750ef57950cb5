with

listener_weeks as (select * from {{ ref('int_listener_weeks') }}),

segments as (select * from {{ ref('int_engagement_segments') }}),

users as (select * from {{ ref('dim_users') }}),

span as (

    select
        min(first_listening_date) as first_date,
        max(last_listening_date) as last_date
    from users

),

counted as (

    select
        listener_weeks.week_start,
        segments.segment_kind,
        segments.segment,
        count(*) as listeners,
        count(case when listener_weeks.is_observed then 1 end) as observed_listeners,
        count(case when listener_weeks.is_active then 1 end) as active_listeners,
        count(case when listener_weeks.is_new then 1 end) as new_listeners,
        count(case when listener_weeks.is_returning then 1 end) as returning_listeners,
        count(case when listener_weeks.is_resurrected then 1 end) as resurrected_listeners,
        count(case when listener_weeks.is_lost then 1 end) as lost_listeners,
        count(case when listener_weeks.is_lost and not listener_weeks.is_observed_to_the_end then 1 end)
            as unobserved_lost_listeners,
        cast(sum(listener_weeks.listens) as bigint) as listens,
        {{ exact_sum('listener_weeks.minutes_listened') }} as minutes_listened
    from listener_weeks
    inner join segments
        on listener_weeks.user_id = segments.user_id
    group by
        listener_weeks.week_start,
        segments.segment_kind,
        segments.segment

),

final as (

    select
        counted.week_start,
        counted.segment_kind,
        counted.segment,
        span.first_date <= counted.week_start
        and span.last_date >= {{ add_days('counted.week_start', 6) }} as is_complete_week,
        counted.listeners,
        counted.observed_listeners,
        counted.active_listeners,
        counted.new_listeners,
        counted.returning_listeners,
        counted.resurrected_listeners,
        counted.lost_listeners,
        counted.unobserved_lost_listeners,
        counted.listens,
        counted.minutes_listened,
        counted.minutes_listened / nullif(counted.active_listeners, 0) as minutes_per_active_listener,
        case when counted.active_listeners = 0 then 'nobody active' end as per_listener_null_reason
    from counted
    cross join span

)

select * from final
