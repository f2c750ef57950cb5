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

-- Exports say when their files were loaded and which time these span; older records of loads do not.
loaded_files as (

    select * from {{ ref('stg_spotiflow__load_log') }}
    where newest_played_at is not null

),

with_newest_before as (

    select
        user_id,
        requested_at,
        page_size,
        oldest_played_at,
        newest_played_at,
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
        page_size,
        oldest_played_at,
        newest_played_at,
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
with_export as (

    select
        gaps.*,
        export_spans.user_id is not null as is_touched_by_export,
        coalesce(export_spans.last_ended_at, gaps.gap_started_at) as open_from_at
    from gaps
    left join export_spans
        on
            gaps.user_id = export_spans.user_id
            and gaps.gap_started_at between export_spans.first_ended_at and export_spans.last_ended_at

),

-- What all files loaded up to then spanned together.
loaded_spans as (

    select
        user_id,
        first_loaded_at,
        min(oldest_played_at) over (
            partition by user_id
            order by first_loaded_at
            rows between unbounded preceding and current row
        ) as oldest_played_at,
        max(newest_played_at) over (
            partition by user_id
            order by first_loaded_at
            rows between unbounded preceding and current row
        ) as newest_played_at
    from loaded_files

),

closings as (

    select
        gaps.user_id,
        gaps.requested_at,
        min(loaded_spans.first_loaded_at) as closed_at
    from gaps
    inner join loaded_spans
        on
            gaps.user_id = loaded_spans.user_id
            and gaps.gap_started_at >= loaded_spans.oldest_played_at
            and gaps.gap_ended_at <= loaded_spans.newest_played_at
    group by
        gaps.user_id,
        gaps.requested_at

),

final as (

    select
        with_export.user_id,
        with_export.requested_at,
        with_export.page_size,
        with_export.oldest_played_at,
        with_export.newest_played_at,
        with_export.gap_started_at,
        with_export.gap_ended_at,
        case
            when with_export.open_from_at >= with_export.gap_ended_at then 'closed'
            when with_export.is_touched_by_export then 'partly closed'
            else 'open'
        end as gap_status,
        case when with_export.open_from_at < with_export.gap_ended_at then with_export.open_from_at end as open_from_at,
        case when with_export.open_from_at >= with_export.gap_ended_at then closings.closed_at end as closed_at
    from with_export
    left join closings
        on
            with_export.user_id = closings.user_id
            and with_export.requested_at = closings.requested_at

)

select * from final
