-- A returned row is a play of the account data that stands in no merged play, or in more than one.
with

account_data as (

    select * from {{ ref('stg_spotify__streaming_history') }}
    where
        content_kind = 'track'
        and export_format = 'account_data'

),

merged as (select * from {{ ref('int_plays_merged') }})

select
    account_data.streaming_history_id,
    count(merged.play_id) as merged_plays
from account_data
left join merged
    on account_data.streaming_history_id = merged.account_data_id
group by account_data.streaming_history_id
having count(merged.play_id) <> 1
