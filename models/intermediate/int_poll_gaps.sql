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

-- An export knows what the polls missed: all of it when it spans the gap, the beginning when it ends within.
open_gaps as (

    select
        gaps.user_id,
        gaps.requested_at,
        coalesce(export_spans.last_ended_at, gaps.gap_started_at) as gap_started_at,
        gaps.gap_ended_at
    from gaps
    left join export_spans
        on
            gaps.user_id = export_spans.user_id
            and gaps.gap_started_at between export_spans.first_ended_at and export_spans.last_ended_at
    where coalesce(export_spans.last_ended_at, gaps.gap_started_at) < gaps.gap_ended_at

),

final as (

    select
        open_gaps.user_id,
        open_gaps.requested_at,
        open_gaps.gap_started_at,
        open_gaps.gap_ended_at,
        {{ local_date('open_gaps.gap_started_at', 'users.timezone') }} as first_gap_date,
        {{ local_date('open_gaps.gap_ended_at', 'users.timezone') }} as last_gap_date
    from open_gaps
    inner join users
        on open_gaps.user_id = users.user_id

)

select * from final
