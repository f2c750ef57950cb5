with

load_log as (

    select * from {{ ref('stg_spotiflow__load_log') }}

),

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
        problem,
        loaded_at
    from load_log

)

select * from final
