{#-
    Four rounds settle every case but chains of five and more plays of one track within the tolerance, which nobody
    has seen; assert_no_play_is_left_without_its_partner would tell.
-#}
{%- set matching_rounds = 4 %}
{#- To make a day anew, the reports of the days around it are read: twice as far as they can change it. -#}
{%- set days_around = 4 %}
{{ config(
    materialized='incremental',
    incremental_strategy='restate_days',
    on_schema_change='sync_all_columns',
    meta={'restated_days': 'merged_days'},
) }}

with

report_days as (

    {{ merged_days() | indent(4) }}

),

due_days as (

    {{ days_to_make('report_days') | indent(4) }}

),

all_reports as (

    select
        *,
        cast(ended_at as date) as ended_on
    from {{ ref('int_play_reports') }}

),

days_around_due_ones as ( -- noqa: ST03

    select distinct
        user_id,
        {{ explode_dates(add_days('day', -days_around), add_days('day', days_around)) }} as ended_on
    from due_days

),

reports_around_due_days as ( -- noqa: ST03

    select all_reports.*
    from all_reports
    inner join days_around_due_ones
        on
            all_reports.user_id = days_around_due_ones.user_id
            and all_reports.ended_on = days_around_due_ones.ended_on

),

-- In a full refresh every day is due: no need to choose, and the two above are not used.
reports as (

    select * from {{ 'reports_around_due_days' if is_incremental() else 'all_reports' }}

),

merge_rules as (

    select
        cast(max(case when rule = 'poll_match_tolerance_seconds' then value end) * 1000 as bigint) as tolerance_ms,
        cast(max(case when rule = 'account_data_middle_seconds' then value end) * 1000 as bigint) as middle_ms
    from {{ ref('play_merge_rules') }}

),

clock_offsets as (

    select * from {{ ref('int_clock_offsets') }}

),

extended_plays as (

    select * from reports
    where source = 'extended_export'

),

account_data_plays as (

    select * from reports
    where source = 'account_data'

),

polled_plays as (

    select
        *,
        report_id as recently_played_id
    from reports
    where source = 'poll'

),

-- The account data tells title and artist, the minute of the end and the milliseconds. Several plays may agree in all
-- of that: then the first of the one is the first of the other, the second the second.
account_data_pairs as (

    select
        extended_plays.report_id as streaming_history_id,
        account_data_plays.report_id as account_data_id,
        dense_rank() over (
            partition by
                account_data_plays.user_id,
                account_data_plays.match_key,
                account_data_plays.listened_ms,
                account_data_plays.ended_at
            order by
                extended_plays.ended_at,
                extended_plays.report_id
        ) as place_in_extended,
        dense_rank() over (
            partition by
                account_data_plays.user_id,
                account_data_plays.match_key,
                account_data_plays.listened_ms,
                account_data_plays.ended_at
            order by account_data_plays.report_id
        ) as place_in_account_data
    from account_data_plays
    inner join extended_plays
        on
            account_data_plays.user_id = extended_plays.user_id
            and account_data_plays.match_key = extended_plays.match_key
            and account_data_plays.listened_ms = extended_plays.listened_ms
            and account_data_plays.ended_at = {{ dbt.date_trunc('minute', 'extended_plays.ended_at') }}

),

account_data_matches as (

    select * from account_data_pairs
    where place_in_extended = place_in_account_data

),

-- What exports know, each play once. An end that is known to the minute only is taken for the middle of it.
exported_plays as (

    select
        extended_plays.*,
        extended_plays.report_id as streaming_history_id,
        account_data_matches.account_data_id,
        0 as middle_ms
    from extended_plays
    left join account_data_matches
        on extended_plays.report_id = account_data_matches.streaming_history_id

    union all

    select
        account_data_plays.*,
        cast(null as {{ dbt.type_string() }}) as streaming_history_id,
        account_data_plays.report_id as account_data_id,
        merge_rules.middle_ms
    from account_data_plays
    cross join merge_rules
    left join account_data_matches
        on account_data_plays.report_id = account_data_matches.account_data_id
    where account_data_matches.account_data_id is null

),

-- Every pair that could be one play: of one track, or of two ids of one title and artist. Few: a poll knows some fifty
-- plays.
distances as (

    select
        exported_plays.report_id as export_report_id,
        polled_plays.recently_played_id,
        exported_plays.listened_ms,
        exported_plays.middle_ms,
        polled_plays.ended_at as polled_ended_at,
        case when exported_plays.track_id = polled_plays.track_id then 0 else 1 end as is_other_id,
        abs(
            {{ milliseconds_between('exported_plays.ended_at', 'polled_plays.ended_at') }} - exported_plays.middle_ms
        ) as distance_ms
    from polled_plays
    inner join exported_plays
        on
            polled_plays.user_id = exported_plays.user_id
            and polled_plays.match_key = exported_plays.match_key

),

candidate_pairs as (

    select distances.*
    from distances
    inner join merge_rules
        on distances.distance_ms <= merge_rules.tolerance_ms + distances.middle_ms

),

-- One order over all pairs, so that ties are broken the same way from both sides: nearest first, then the same id,
-- then the longer of two export plays that ended at the same second (polls seldom report the short ones).
ordered_pairs as (

    select
        export_report_id,
        recently_played_id,
        row_number() over (
            order by
                distance_ms asc,
                is_other_id asc,
                listened_ms desc,
                polled_ended_at asc,
                export_report_id asc,
                recently_played_id asc
        ) as pair_order
    from candidate_pairs

),

matches_0 as (

    select
        export_report_id,
        recently_played_id
    from ordered_pairs
    where false

),
{% for round in range(1, matching_rounds + 1) %}
open_pairs_{{ round }} as (

    select ordered_pairs.*
    from ordered_pairs
    left join matches_{{ round - 1 }} as matched_export
        on ordered_pairs.export_report_id = matched_export.export_report_id
    left join matches_{{ round - 1 }} as matched_poll
        on ordered_pairs.recently_played_id = matched_poll.recently_played_id
    where
        matched_export.export_report_id is null
        and matched_poll.recently_played_id is null

),

-- A pair matches when each side is the other's nearest: that keeps matches one-to-one.
ranked_pairs_{{ round }} as (

    select
        export_report_id,
        recently_played_id,
        row_number() over (
            partition by export_report_id
            order by pair_order
        ) as order_for_export,
        row_number() over (
            partition by recently_played_id
            order by pair_order
        ) as order_for_poll
    from open_pairs_{{ round }}

),

matches_{{ round }} as (

    select
        export_report_id,
        recently_played_id
    from matches_{{ round - 1 }}

    union all

    select
        export_report_id,
        recently_played_id
    from ranked_pairs_{{ round }}
    where
        order_for_export = 1
        and order_for_poll = 1

),
{% endfor %}
matches as (

    select * from matches_{{ matching_rounds }}

),

-- An export wins, because it knows how long was listened; the extended one knows the end to the second.
merged as (

    select
        exported_plays.source,
        exported_plays.report_id as play_id,
        exported_plays.user_id,
        exported_plays.timezone,
        exported_plays.track_id,
        exported_plays.ended_at as played_at,
        exported_plays.ended_on,
        exported_plays.listened_ms as exported_ms,
        exported_plays.duration_ms,
        exported_plays.is_skipped,
        exported_plays.streaming_history_id,
        exported_plays.account_data_id,
        matches.recently_played_id,
        exported_plays.reported_track_id as exported_track_id,
        polled_plays.reported_track_id as polled_track_id
    from exported_plays
    left join matches
        on exported_plays.report_id = matches.export_report_id
    left join polled_plays
        on matches.recently_played_id = polled_plays.recently_played_id

    union all

    select
        polled_plays.source,
        polled_plays.report_id as play_id,
        polled_plays.user_id,
        polled_plays.timezone,
        polled_plays.track_id,
        polled_plays.ended_at as played_at,
        polled_plays.ended_on,
        polled_plays.listened_ms as exported_ms,
        polled_plays.duration_ms,
        polled_plays.is_skipped,
        cast(null as {{ dbt.type_string() }}) as streaming_history_id,
        cast(null as {{ dbt.type_string() }}) as account_data_id,
        polled_plays.recently_played_id,
        cast(null as {{ dbt.type_string() }}) as exported_track_id,
        polled_plays.reported_track_id as polled_track_id
    from polled_plays
    left join matches
        on polled_plays.recently_played_id = matches.recently_played_id
    where matches.recently_played_id is null

),

with_previous as (

    select
        *,
        lag(played_at) over (
            partition by user_id
            order by played_at, source, play_id
        ) as previous_played_at
    from merged

),

-- What a poll does not say: a track cannot have played for longer than it is, nor since before the previous play
-- ended. A track of unknown length gets no estimate: a night's silence before it would become listening.
with_listened_ms as (

    select
        *,
        case
            when source <> 'poll' then exported_ms
            when duration_ms is null then null
            when previous_played_at is null then duration_ms
            when {{ milliseconds_between('previous_played_at', 'played_at') }} < duration_ms
                then {{ milliseconds_between('previous_played_at', 'played_at') }}
            else duration_ms
        end as listened_ms,
        case when source = 'poll' then 'estimated' else 'export' end as listened_ms_source
    from with_previous

),

-- Of the reports around, only plays that end on a day that is due are new here.
due as (

    select
        with_listened_ms.*,
        due_days.inputs_fingerprint,
        -- Asking the calendar of time zones for each play would take longer than all the rest.
        case
            when clock_offsets.utc_offset_seconds is null
                then {{ local_time('with_listened_ms.played_at', 'with_listened_ms.timezone') }}
            else {{ dbt.dateadd('second', 'clock_offsets.utc_offset_seconds', 'with_listened_ms.played_at') }}
        end as ended_at_local_time
    from with_listened_ms
    inner join due_days
        on
            with_listened_ms.user_id = due_days.user_id
            and with_listened_ms.ended_on = due_days.day
    left join clock_offsets
        on
            with_listened_ms.timezone = clock_offsets.timezone
            and with_listened_ms.ended_on = clock_offsets.utc_date

),

with_local_date as (

    select
        *,
        ended_at_local_time as played_at_local,
        cast(ended_at_local_time as date) as listening_date,
        cast(extract(hour from ended_at_local_time) as integer) as listening_hour
    from due

),

final as (

    select
        play_id,
        user_id,
        track_id,
        streaming_history_id,
        account_data_id,
        recently_played_id,
        exported_track_id,
        polled_track_id,
        source,
        listened_ms,
        listened_ms_source,
        duration_ms,
        is_skipped,
        played_at,
        played_at_local,
        listening_date,
        listening_hour,
        {{ week_start('listening_date') }} as week_start,
        inputs_fingerprint
    from with_local_date

)

select * from final
