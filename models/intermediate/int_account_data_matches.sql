with

extended_plays as (

    select * from {{ ref('int_play_reports') }}
    where source = 'extended_export'

),

account_data_plays as (

    select * from {{ ref('int_play_reports') }}
    where source = 'account_data'

),

-- The account data gives title and artist, the minute of the end and the milliseconds. Several plays may agree in all
-- of them: then the first of one source matches the first of the other, the second the second.
candidate_pairs as (

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

final as (

    select
        streaming_history_id,
        account_data_id
    from candidate_pairs
    where place_in_extended = place_in_account_data

)

select * from final
