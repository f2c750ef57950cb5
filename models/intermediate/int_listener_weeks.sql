with

users as (select * from {{ ref('int_users') }}),

listeners as (select * from {{ ref('int_listener_totals') }}),

weeks as (select * from {{ ref('int_definition_calendar') }}),

listening as (select * from {{ ref('int_listening_by_week') }}),

exported as (select * from {{ ref('stg_spotify__streaming_history') }}),

answered_polls as (

    select * from {{ ref('stg_spotify__poll_log') }}
    where
        endpoint = 'me/player/recently-played'
        and outcome in ('ok', 'empty')

),

-- Podcasts and audiobooks are no listening, but show that the account was looked at then; so does a poll, even one
-- that found nothing.
last_seen as (

    select
        user_id,
        max(seen_at) as last_seen_at
    from (
        select
            user_id,
            ended_at as seen_at
        from exported

        union all

        select
            user_id,
            requested_at as seen_at
        from answered_polls
    ) as seen
    group by user_id

),

observed as (

    select
        listeners.user_id,
        listeners.first_listening_date,
        greatest(
            listeners.last_listening_date,
            coalesce(
                {{ local_date('last_seen.last_seen_at', 'users.timezone') }},
                listeners.last_listening_date
            )
        ) as last_observed_date
    from listeners
    inner join users
        on listeners.user_id = users.user_id
    left join last_seen
        on listeners.user_id = last_seen.user_id

),

-- Every listener in every week of the warehouse.
dense as (

    select
        observed.user_id,
        weeks.week_start,
        observed.last_observed_date,
        {{ week_start('observed.first_listening_date') }} <= weeks.week_start
        and observed.last_observed_date >= weeks.week_start as is_observed,
        {{ week_start('observed.first_listening_date') }} <= weeks.week_start
        and observed.last_observed_date >= {{ add_days('weeks.week_start', 6) }} as is_observed_to_the_end,
        coalesce(listening.listens, 0) as listens,
        coalesce(listening.minutes_listened, 0) as minutes_listened,
        coalesce(listening.listens, 0) > 0 as is_active
    from observed
    cross join weeks
    left join listening
        on
            observed.user_id = listening.user_id
            and weeks.week_start = listening.week_start

),

with_first as (

    select
        *,
        min(case when is_active then week_start end) over (partition by user_id) as first_active_week,
        coalesce(lag(is_active) over (
            partition by user_id
            order by week_start
        ), false) as was_active
    from dense

),

final as (

    select
        user_id,
        week_start,
        first_active_week,
        last_observed_date,
        is_observed,
        is_observed_to_the_end,
        listens,
        minutes_listened,
        is_active,
        is_active and week_start = first_active_week as is_new,
        is_active and was_active as is_returning,
        is_active and not was_active and week_start > first_active_week as is_resurrected,
        was_active and not is_active as is_lost
    from with_first

)

select * from final
