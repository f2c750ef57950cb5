with

plays as (select * from {{ ref('int_plays') }}),

final as (

    select
        play_id,
        user_id,
        track_id,
        played_at,
        played_at_local,
        listening_date,
        listening_hour,
        week_start,
        listened_ms,
        listened_ms_source,
        case when listened_ms is null then 'unknown track length' end as listened_ms_null_reason,
        duration_ms,
        case when duration_ms is null then 'unknown track length' end as duration_null_reason,
        completion_pct,
        case
            when listened_ms_source <> 'export' then 'estimated duration'
            when duration_ms is null then 'unknown track length'
        end as completion_null_reason,
        is_listen,
        is_skipped,
        source,
        listen_rules_version
    from plays

)

select * from final
