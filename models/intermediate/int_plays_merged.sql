-- A view: int_plays reads few of its rows, those of the days that changed.
{{ config(materialized='view') }}

with

reports as (select * from {{ ref('int_play_reports') }}),

polled_plays as (

    select * from {{ ref('int_play_reports') }}
    where source = 'poll'

),

account_data_matches as (select * from {{ ref('int_account_data_matches') }}),

poll_matches as (select * from {{ ref('int_poll_matches') }}),

-- The extended export wins over the account data, and both win over a poll.
winning_reports as (

    select reports.*
    from reports
    left join account_data_matches
        on reports.report_id = account_data_matches.account_data_id
    left join poll_matches
        on reports.report_id = poll_matches.recently_played_id
    where
        account_data_matches.account_data_id is null
        and poll_matches.recently_played_id is null

),

final as (

    select
        winning_reports.report_id as play_id,
        winning_reports.source,
        winning_reports.user_id,
        winning_reports.timezone,
        winning_reports.track_id,
        winning_reports.ended_at as played_at,
        cast(winning_reports.ended_at as date) as played_on,
        winning_reports.listened_ms as exported_ms,
        winning_reports.duration_ms,
        winning_reports.is_skipped,
        case when winning_reports.source = 'extended_export' then winning_reports.report_id end as streaming_history_id,
        case
            when winning_reports.source = 'account_data' then winning_reports.report_id
            else account_data_matches.account_data_id
        end as account_data_id,
        case
            when winning_reports.source = 'poll' then winning_reports.report_id
            else poll_matches.recently_played_id
        end as recently_played_id,
        case when winning_reports.source <> 'poll' then winning_reports.reported_track_id end as exported_track_id,
        case
            when winning_reports.source = 'poll' then winning_reports.reported_track_id
            else polled_plays.reported_track_id
        end as polled_track_id
    from winning_reports
    left join account_data_matches
        on winning_reports.report_id = account_data_matches.streaming_history_id
    left join poll_matches
        on winning_reports.report_id = poll_matches.export_report_id
    left join polled_plays
        on poll_matches.recently_played_id = polled_plays.report_id

)

select * from final
