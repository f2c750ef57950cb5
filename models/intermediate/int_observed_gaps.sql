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

-- Each export says when it was first loaded and which time it covers.
export_spans as (

    select distinct
        user_id,
        first_loaded_at,
        covered_from,
        covered_to
    from {{ ref('stg_spotiflow__load_log') }}
    where covered_to is not null

),

merge_rules as (

    select
        cast(max(case when rule = 'poll_match_tolerance_seconds' then value end) * 1000 as bigint)
        + cast(max(case when rule = 'account_data_middle_seconds' then value end) * 1000 as bigint) as tolerance_ms
    from {{ ref('play_merge_rules') }}

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

moments_of_loading as (

    select distinct
        user_id,
        first_loaded_at as known_at
    from export_spans

),

-- What was covered at each of these moments. Spans that overlap or touch are one; a hole between two stays a hole.
known_spans as (

    select
        moments_of_loading.user_id,
        moments_of_loading.known_at,
        export_spans.covered_from,
        export_spans.covered_to,
        max(export_spans.covered_to) over (
            partition by moments_of_loading.user_id, moments_of_loading.known_at
            order by export_spans.covered_from, export_spans.covered_to, export_spans.first_loaded_at
            rows between unbounded preceding and 1 preceding
        ) as covered_to_before
    from moments_of_loading
    inner join export_spans
        on
            moments_of_loading.user_id = export_spans.user_id
            and moments_of_loading.known_at >= export_spans.first_loaded_at

),

numbered_spans as (

    select
        user_id,
        known_at,
        covered_from,
        covered_to,
        sum(case when covered_from <= covered_to_before then 0 else 1 end) over (
            partition by user_id, known_at
            order by covered_from, covered_to
            rows between unbounded preceding and current row
        ) as span_number
    from known_spans

),

joined_spans as (

    select
        user_id,
        known_at,
        min(covered_from) as covered_from,
        max(covered_to) as covered_to
    from numbered_spans
    group by
        user_id,
        known_at,
        span_number

),

-- Of exports that were loaded before anybody noted which time they cover, only their plays can tell.
spans_of_plays as (

    select
        exported_plays.user_id,
        cast(null as timestamp) as known_at,
        min(exported_plays.ended_at) as covered_from,
        max(exported_plays.ended_at) as covered_to
    from exported_plays
    left join moments_of_loading
        on exported_plays.user_id = moments_of_loading.user_id
    where moments_of_loading.user_id is null
    group by exported_plays.user_id

),

all_spans as (

    select * from joined_spans
    union all
    select * from spans_of_plays

),

-- Exports and polls tell the end of one play some seconds apart, and account data tells the minute alone. So an export
-- whose first play is the one before the gap covers it from its beginning, and one whose last play is the first of the
-- page covers it to its end: with the tolerance by which two such reports are one play.
touching_spans as (

    select
        gaps.user_id,
        gaps.requested_at,
        all_spans.known_at,
        all_spans.covered_to,
        {{ milliseconds_between('all_spans.covered_to', 'gaps.gap_ended_at') }} <= merge_rules.tolerance_ms
            as reaches_end
    from gaps
    inner join all_spans
        on
            gaps.user_id = all_spans.user_id
            and gaps.gap_started_at <= all_spans.covered_to
    inner join merge_rules
        on {{ milliseconds_between('gaps.gap_started_at', 'all_spans.covered_from') }} <= merge_rules.tolerance_ms

),

-- An export knows what the polls missed: all of it when it spans the gap, the beginning when it ends within.
coverage as (

    select
        user_id,
        requested_at,
        max(covered_to) as covered_to,
        max(case when reaches_end then 1 else 0 end) = 1 as reaches_end,
        min(case when reaches_end then known_at end) as closed_at
    from touching_spans
    group by
        user_id,
        requested_at

),

-- An export that begins within the gap and reaches its end knows the end of it.
ends_known as (

    select
        gaps.user_id,
        gaps.requested_at,
        min(all_spans.covered_from) as covered_from
    from gaps
    inner join all_spans
        on
            gaps.user_id = all_spans.user_id
            and gaps.gap_started_at < all_spans.covered_from
            and gaps.gap_ended_at > all_spans.covered_from
    inner join merge_rules
        on {{ milliseconds_between('all_spans.covered_to', 'gaps.gap_ended_at') }} <= merge_rules.tolerance_ms
    group by
        gaps.user_id,
        gaps.requested_at

),

with_export as (

    select
        gaps.*,
        coverage.user_id is not null or ends_known.user_id is not null as is_touched_by_export,
        coalesce(coverage.reaches_end, false) as is_closed,
        coalesce(coverage.covered_to, gaps.gap_started_at) as open_from_at,
        coalesce(ends_known.covered_from, gaps.gap_ended_at) as open_to_at,
        coverage.closed_at
    from gaps
    left join coverage
        on
            gaps.user_id = coverage.user_id
            and gaps.requested_at = coverage.requested_at
    left join ends_known
        on
            gaps.user_id = ends_known.user_id
            and gaps.requested_at = ends_known.requested_at

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
            when with_export.is_closed then 'closed'
            when with_export.is_touched_by_export then 'partly closed'
            else 'open'
        end as gap_status,
        case when not with_export.is_closed then with_export.open_from_at end as open_from_at,
        case when not with_export.is_closed then with_export.open_to_at end as open_to_at,
        with_export.closed_at
    from with_export

)

select * from final
