with

observed_gaps as (

    select * from {{ ref('int_observed_gaps') }}
    where gap_status <> 'closed'

),

users as (select * from {{ ref('int_users') }}),

final as (

    select
        observed_gaps.user_id,
        observed_gaps.requested_at,
        observed_gaps.open_from_at as gap_started_at,
        observed_gaps.open_to_at as gap_ended_at,
        {{ local_date('observed_gaps.open_from_at', 'users.timezone') }} as first_gap_date,
        {{ local_date('observed_gaps.open_to_at', 'users.timezone') }} as last_gap_date
    from observed_gaps
    inner join users
        on observed_gaps.user_id = users.user_id

)

select * from final
