with

polls as (

    -- Requests for plays that were answered with at least one.
    select * from {{ ref('stg_spotify__poll_log') }}
    where newest_played_at is not null

),

exported_plays as (

    select * from {{ ref('stg_spotify__streaming_history') }}
    where content_kind = 'track'

),

users as (

    select * from {{ ref('int_users') }}

),

with_newest_before as (

    select
        user_id,
        requested_at,
        oldest_played_at,
        max(newest_played_at) over (
            partition by user_id
            order by requested_at
            rows between unbounded preceding and 1 preceding
        ) as newest_stored_at
    from polls

),

-- Nothing on the page was stored already: between the two, plays may have been lost.
gaps as (

    select
        user_id,
        requested_at,
        newest_stored_at as gap_started_at,
        oldest_played_at as gap_ended_at
    from with_newest_before
    where oldest_played_at > newest_stored_at

),

export_spans as (

    select
        user_id,
        min(ended_at) as first_ended_at,
        max(ended_at) as last_ended_at
    from exported_plays
    group by user_id

),

final as (

    select
        gaps.user_id,
        gaps.requested_at,
        gaps.gap_started_at,
        gaps.gap_ended_at,
        {{ local_date('gaps.gap_started_at', 'users.timezone') }} as first_gap_date,
        {{ local_date('gaps.gap_ended_at', 'users.timezone') }} as last_gap_date
    from gaps
    inner join users
        on gaps.user_id = users.user_id
    left join export_spans
        on
            gaps.user_id = export_spans.user_id
            and gaps.gap_started_at >= export_spans.first_ended_at
            and gaps.gap_ended_at <= export_spans.last_ended_at
    -- An export that spans the gap knows what the polls missed.
    where export_spans.user_id is null

)

select * from final
