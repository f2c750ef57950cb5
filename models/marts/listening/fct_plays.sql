{{ config(
    materialized='incremental',
    incremental_strategy='restate_days',
    on_schema_change='append_new_columns',
    meta={'restated_days': 'play_days'},
) }}

with

play_days as (

    {{ play_days() | indent(4) }}

),

due_days as (

    {{ days_to_make('play_days') | indent(4) }}

),

plays as (

    select * from {{ ref('int_plays_merged') }}

),

calendar as (

    select * from {{ ref('int_definition_calendar') }}

),

listen_rules as (

    select * from {{ ref('listen_rules') }}

),

final as (

    select
        plays.play_id,
        plays.user_id,
        plays.track_id,
        plays.played_at,
        plays.played_at_local,
        plays.listening_date,
        plays.listening_hour,
        plays.week_start,
        plays.listened_ms,
        plays.listened_ms_source,
        case when plays.listened_ms is null then 'unknown track length' end as listened_ms_null_reason,
        plays.duration_ms,
        case when plays.duration_ms is null then 'unknown track length' end as duration_null_reason,
        -- Only an export knows how much was heard: an estimate would say "all of it".
        case
            when plays.listened_ms_source = 'export' and plays.listened_ms < plays.duration_ms
                then {{ share_pct('plays.listened_ms', 'plays.duration_ms') }}
            when plays.listened_ms_source = 'export' and plays.duration_ms is not null then 100
        end as completion_pct,
        case
            when plays.listened_ms_source <> 'export' then 'estimated duration'
            when plays.duration_ms is null then 'unknown track length'
        end as completion_null_reason,
        -- Both conditions must hold. A play of unknown duration is no listen; a track of unknown length cannot
        -- fail the share.
        coalesce(
            plays.listened_ms >= listen_rules.minimum_listened_ms
            and plays.listened_ms >= listen_rules.minimum_track_share * coalesce(plays.duration_ms, 0),
            false
        ) as is_listen,
        plays.is_skipped,
        plays.source,
        calendar.listen_rules_version,
        due_days.inputs_fingerprint
    from plays
    inner join due_days
        on
            plays.user_id = due_days.user_id
            and cast(plays.played_at as date) = due_days.day
    inner join calendar
        on plays.week_start = calendar.week_start
    left join listen_rules
        on calendar.listen_rules_version = listen_rules.version

)

select * from final
