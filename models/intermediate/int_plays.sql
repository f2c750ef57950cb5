{#- An estimate reaches back as far as a track is long: at most a day. -#}
{%- set days_before = 1 %}
{{ config(
    materialized='incremental',
    incremental_strategy='restate_days',
    on_schema_change='sync_all_columns',
) }}

with

due_days as (

    {{ days_to_make() | indent(4) }}

),

all_plays as (select * from {{ ref('int_plays_merged') }}),

days_to_read as ( -- noqa: ST03

    select distinct
        user_id,
        {{ explode_dates(add_days('day', -days_before), 'day') }} as played_on
    from due_days

),

plays_to_read as ( -- noqa: ST03

    select all_plays.*
    from all_plays
    inner join days_to_read
        on
            all_plays.user_id = days_to_read.user_id
            and all_plays.played_on = days_to_read.played_on

),

-- A full refresh makes every day, so it needs no choice.
plays as (

    select * from {{ 'plays_to_read' if is_incremental() else 'all_plays' }}

),

clock_offsets as (select * from {{ ref('int_clock_offsets') }}),

versions as (

    select * from {{ ref('int_definition_versions') }}
    where family = 'listen_rules'

),

listen_rules as (select * from {{ ref('listen_rules') }}),

with_previous as (

    select
        *,
        lag(played_at) over (
            partition by user_id
            order by played_at, source, play_id
        ) as previous_played_at
    from plays

),

-- What a poll does not say: a track cannot have played for longer than its length, nor since before the previous play
-- ended. A track of unknown length gets no estimate: a night's silence before it would become listening.
estimated as (

    select
        *,
        case
            when source <> 'poll' then exported_ms
            when duration_ms is null then null
            when {{ milliseconds_between('previous_played_at', 'played_at') }} < duration_ms
                then {{ milliseconds_between('previous_played_at', 'played_at') }}
            else duration_ms
        end as listened_ms,
        case when source = 'poll' then 'estimated' else 'export' end as listened_ms_source
    from with_previous

),

-- The plays of the day before were read for the estimates only.
due as (

    select
        estimated.*,
        due_days.inputs_fingerprint,
        -- Asking the time zone's calendar for each play would take longer than all the rest.
        case
            when clock_offsets.utc_offset_seconds is null
                then {{ local_time('estimated.played_at', 'estimated.timezone') }}
            else {{ dbt.dateadd('second', 'clock_offsets.utc_offset_seconds', 'estimated.played_at') }}
        end as played_at_local
    from estimated
    inner join due_days
        on
            estimated.user_id = due_days.user_id
            and estimated.played_on = due_days.day
    left join clock_offsets
        on
            estimated.timezone = clock_offsets.timezone
            and estimated.played_on = clock_offsets.utc_date

),

with_local_date as (

    select
        *,
        cast(played_at_local as date) as listening_date,
        cast(extract(hour from played_at_local) as integer) as listening_hour,
        {{ week_start('played_at_local') }} as week_start
    from due

),

weeks as (

    select distinct week_start
    from with_local_date

),

rules_of_weeks as (

    select
        weeks.week_start,
        versions.version as listen_rules_version,
        listen_rules.minimum_listened_ms,
        listen_rules.minimum_track_share
    from weeks
    inner join versions
        on
            weeks.week_start >= versions.valid_from
            and (versions.valid_before is null or weeks.week_start < versions.valid_before)
    left join listen_rules
        on versions.version = listen_rules.version

),

final as (

    select
        plays.play_id,
        plays.user_id,
        plays.track_id,
        plays.source,
        plays.played_at,
        plays.played_at_local,
        plays.listening_date,
        plays.listening_hour,
        plays.week_start,
        plays.listened_ms,
        plays.listened_ms_source,
        plays.duration_ms,
        -- Only an export knows how much was heard: an estimate would say "all of it".
        case
            when plays.listened_ms_source = 'export' and plays.listened_ms < plays.duration_ms
                then {{ share_pct('plays.listened_ms', 'plays.duration_ms') }}
            when plays.listened_ms_source = 'export' and plays.duration_ms is not null then 100
        end as completion_pct,
        -- Both conditions must hold. A play of unknown duration is no listen; a track of unknown length cannot
        -- fail the share.
        coalesce(
            plays.listened_ms >= rules.minimum_listened_ms
            and plays.listened_ms >= rules.minimum_track_share * coalesce(plays.duration_ms, 0),
            false
        ) as is_listen,
        plays.is_skipped,
        rules.listen_rules_version,
        plays.inputs_fingerprint
    from with_local_date as plays
    left join rules_of_weeks as rules
        on plays.week_start = rules.week_start

)

select * from final
