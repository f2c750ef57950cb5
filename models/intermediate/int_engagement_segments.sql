{{ config(materialized='view') }}

with

users as (select * from {{ ref('int_users') }}),

dominant_segments as (

    select * from {{ ref('int_listening_by_segment') }}
    where segment_number = 1

),

final as (

    select
        user_id,
        'everybody' as segment_kind,
        'everybody' as segment
    from users

    union all

    select
        user_id,
        segment_kind,
        segment
    from dominant_segments

)

select * from final
