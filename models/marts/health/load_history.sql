with

load_log as (select * from {{ ref('stg_spotiflow__load_log') }}),

-- Everything about a load but whose it was.
final as (

    select
        load_record_id,
        source,
        file,
        rows_read,
        rows_loaded,
        rows_set_aside,
        rows_repeated,
        rows_rejected,
        rows_new,
        case when rows_new is null then 'not counted' end as rows_new_null_reason,
        oldest_played_at,
        newest_played_at,
        case when newest_played_at is null then 'no plays noted' end as played_null_reason,
        problem,
        first_loaded_at,
        loaded_at
    from load_log

)

select * from final
