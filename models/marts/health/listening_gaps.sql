with

gaps as (select * from {{ ref('int_observed_gaps') }}),

open_gaps as (select * from {{ ref('int_poll_gaps') }}),

users as (select * from {{ ref('int_users') }}),

final as (

    select
        gaps.user_id,
        gaps.requested_at,
        gaps.gap_started_at,
        gaps.gap_ended_at,
        {{ local_date('gaps.gap_started_at', 'users.timezone') }} as first_gap_date,
        {{ local_date('gaps.gap_ended_at', 'users.timezone') }} as last_gap_date,
        cast({{ milliseconds_between('gaps.gap_started_at', 'gaps.gap_ended_at') }} as double)
        / (60 * 60 * 1000) as gap_hours,
        gaps.page_size,
        gaps.oldest_played_at,
        gaps.newest_played_at,
        gaps.gap_status,
        open_gaps.gap_started_at as open_from_at,
        open_gaps.gap_ended_at as open_to_at,
        open_gaps.first_gap_date as first_open_date,
        open_gaps.last_gap_date as last_open_date,
        case when gaps.gap_status = 'closed' then 'closed by an export' end as open_null_reason,
        gaps.closed_at,
        case
            when gaps.gap_status <> 'closed' then 'still open'
            when gaps.closed_at is null then 'time of loading not recorded'
        end as closed_null_reason
    from gaps
    inner join users
        on gaps.user_id = users.user_id
    left join open_gaps
        on
            gaps.user_id = open_gaps.user_id
            and gaps.requested_at = open_gaps.requested_at

)

select * from final
