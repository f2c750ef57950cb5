-- A view: what reads it takes all rows (their fingerprints) or few (the days that changed).
{{ config(materialized='view') }}

with

exported as (

    select * from {{ ref('stg_spotify__streaming_history') }}
    where
        content_kind = 'track'
        and coalesce(export_format, '') <> 'account_data'

),

account_data as (

    select * from {{ ref('stg_spotify__streaming_history') }}
    where
        content_kind = 'track'
        and export_format = 'account_data'

),

account_data_tracks as (select * from {{ ref('int_account_data_tracks') }}),

polled as (select * from {{ ref('stg_spotify__recently_played') }}),

users as (select * from {{ ref('int_users') }}),

tracks as (select * from {{ ref('int_tracks') }}),

track_aliases as (select * from {{ ref('track_aliases') }}),

skip_reasons as (select * from {{ ref('skip_reasons') }}),

exported_plays as (

    select
        'extended_export' as source,
        exported.streaming_history_id as report_id,
        exported.content_uri as reported_uri,
        exported.user_id,
        exported.track_id as reported_track_id,
        coalesce(track_aliases.canonical_track_id, exported.track_id) as track_id,
        exported.ended_at,
        exported.listened_ms,
        -- Spotify's flag where it says yes, the reason otherwise; unknown when neither was recorded.
        case
            when exported.is_marked_skipped or skip_reasons.reason_end is not null then true
            when exported.is_marked_skipped is null and exported.reason_end is null then null
            else false
        end as is_skipped
    from exported
    left join track_aliases
        on exported.track_id = track_aliases.track_id
    left join skip_reasons
        on exported.reason_end = skip_reasons.reason_end

),

account_data_plays as (

    select
        'account_data' as source,
        account_data.streaming_history_id as report_id,
        account_data.content_uri as reported_uri,
        account_data.user_id,
        cast(null as {{ dbt.type_string() }}) as reported_track_id,
        account_data_tracks.track_id,
        account_data.ended_at,
        account_data.listened_ms,
        cast(null as boolean) as is_skipped
    from account_data
    inner join account_data_tracks
        on
            account_data.user_id = account_data_tracks.user_id
            and account_data.content_uri = account_data_tracks.content_uri

),

polled_plays as (

    select
        'poll' as source,
        polled.recently_played_id as report_id,
        polled.track_id as reported_uri,
        polled.user_id,
        polled.track_id as reported_track_id,
        coalesce(track_aliases.canonical_track_id, polled.track_id) as track_id,
        polled.ended_at,
        cast(null as bigint) as listened_ms,
        cast(null as boolean) as is_skipped
    from polled
    left join track_aliases
        on polled.track_id = track_aliases.track_id

),

reports as (

    select * from exported_plays
    union all
    select * from account_data_plays
    union all
    select * from polled_plays

),

final as (

    select
        reports.source,
        reports.report_id,
        reports.reported_uri,
        reports.user_id,
        users.timezone,
        reports.reported_track_id,
        reports.track_id,
        -- One recording may have several ids (relinked, reissued): equal titles and artists can be one play.
        coalesce(tracks.title_key, reports.track_id) as match_key,
        reports.ended_at,
        reports.listened_ms,
        reports.is_skipped,
        -- A length of more than a day is not believed: no play lasts longer.
        case when tracks.duration_ms between 1 and {{ milliseconds_a_day() }} then tracks.duration_ms end as duration_ms
    from reports
    inner join users
        on reports.user_id = users.user_id
    left join tracks
        on reports.track_id = tracks.track_id

)

select * from final
