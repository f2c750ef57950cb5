{#-
    Four rounds settle every case but chains of five and more plays of one track within the tolerance, which nobody
    has seen; assert_no_play_is_left_without_its_partner would tell.
-#}
{%- set matching_rounds = 4 %}

with

exported as (

    select * from {{ ref('stg_spotify__streaming_history') }}
    where content_kind = 'track'

),

polled as (

    select * from {{ ref('stg_spotify__recently_played') }}

),

users as (

    select * from {{ ref('int_users') }}

),

tracks as (

    select * from {{ ref('int_tracks') }}

),

track_aliases as (

    select * from {{ ref('track_aliases') }}

),

merge_rules as (

    select * from {{ ref('play_merge_rules') }}

),

skip_reasons as (

    select * from {{ ref('skip_reasons') }}

),

exported_plays as (

    select
        exported.streaming_history_id,
        exported.user_id,
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

polled_plays as (

    select
        polled.recently_played_id,
        polled.user_id,
        coalesce(track_aliases.canonical_track_id, polled.track_id) as track_id,
        polled.ended_at,
        polled.duration_ms
    from polled
    left join track_aliases
        on polled.track_id = track_aliases.track_id

),

-- Every pair that could be one play. Few: a poll knows some fifty plays.
candidate_pairs as (

    select
        exported_plays.streaming_history_id,
        polled_plays.recently_played_id,
        exported_plays.listened_ms,
        polled_plays.ended_at as polled_ended_at,
        abs({{ milliseconds_between('exported_plays.ended_at', 'polled_plays.ended_at') }}) as distance_ms
    from polled_plays
    inner join exported_plays
        on
            polled_plays.user_id = exported_plays.user_id
            and polled_plays.track_id = exported_plays.track_id
    inner join merge_rules
        on
            merge_rules.rule = 'poll_match_tolerance_seconds'
            and abs({{ milliseconds_between('exported_plays.ended_at', 'polled_plays.ended_at') }})
            <= merge_rules.value * 1000

),

-- One order over all pairs, so that ties are broken the same way from both sides: nearest first, then the longer
-- of two export plays that ended at the same second (polls seldom report the short ones).
ordered_pairs as (

    select
        streaming_history_id,
        recently_played_id,
        row_number() over (
            order by
                distance_ms asc,
                listened_ms desc,
                polled_ended_at asc,
                streaming_history_id asc,
                recently_played_id asc
        ) as pair_order
    from candidate_pairs

),

matches_0 as (

    select
        streaming_history_id,
        recently_played_id
    from ordered_pairs
    where false

),
{% for round in range(1, matching_rounds + 1) %}
open_pairs_{{ round }} as (

    select ordered_pairs.*
    from ordered_pairs
    left join matches_{{ round - 1 }} as matched_export
        on ordered_pairs.streaming_history_id = matched_export.streaming_history_id
    left join matches_{{ round - 1 }} as matched_poll
        on ordered_pairs.recently_played_id = matched_poll.recently_played_id
    where
        matched_export.streaming_history_id is null
        and matched_poll.recently_played_id is null

),

-- A pair matches when each side is the other's nearest: that keeps matches one-to-one.
ranked_pairs_{{ round }} as (

    select
        streaming_history_id,
        recently_played_id,
        row_number() over (
            partition by streaming_history_id
            order by pair_order
        ) as order_for_export,
        row_number() over (
            partition by recently_played_id
            order by pair_order
        ) as order_for_poll
    from open_pairs_{{ round }}

),

matches_{{ round }} as (

    select
        streaming_history_id,
        recently_played_id
    from matches_{{ round - 1 }}

    union all

    select
        streaming_history_id,
        recently_played_id
    from ranked_pairs_{{ round }}
    where
        order_for_export = 1
        and order_for_poll = 1

),
{% endfor %}
matches as (

    select * from matches_{{ matching_rounds }}

),

-- The export wins, because it knows how long was listened.
merged as (

    select
        exported_plays.streaming_history_id as play_id,
        exported_plays.user_id,
        exported_plays.track_id,
        exported_plays.ended_at as played_at,
        exported_plays.listened_ms as exported_ms,
        cast(null as bigint) as duration_ms,
        exported_plays.is_skipped,
        'extended_export' as source,
        exported_plays.streaming_history_id,
        matches.recently_played_id
    from exported_plays
    left join matches
        on exported_plays.streaming_history_id = matches.streaming_history_id

    union all

    select
        polled_plays.recently_played_id as play_id,
        polled_plays.user_id,
        polled_plays.track_id,
        polled_plays.ended_at as played_at,
        cast(null as bigint) as exported_ms,
        coalesce(polled_plays.duration_ms, tracks.duration_ms) as duration_ms,
        cast(null as boolean) as is_skipped,
        'poll' as source,
        cast(null as {{ dbt.type_string() }}) as streaming_history_id,
        polled_plays.recently_played_id
    from polled_plays
    left join matches
        on polled_plays.recently_played_id = matches.recently_played_id
    left join tracks
        on polled_plays.track_id = tracks.track_id
    where matches.recently_played_id is null

),

with_previous as (

    select
        *,
        lag(played_at) over (
            partition by user_id
            order by played_at, source, play_id
        ) as previous_played_at
    from merged

),

-- What a poll does not say: a track cannot have played for longer than it is, nor since before the previous play
-- ended. A track of unknown length gets no estimate: a night's silence before it would become listening.
with_listened_ms as (

    select
        *,
        case
            when source = 'extended_export' then exported_ms
            when duration_ms is null then null
            when previous_played_at is null then duration_ms
            when {{ milliseconds_between('previous_played_at', 'played_at') }} < duration_ms
                then {{ milliseconds_between('previous_played_at', 'played_at') }}
            else duration_ms
        end as listened_ms,
        case when source = 'extended_export' then 'export' else 'estimated' end as listened_ms_source
    from with_previous

),

with_local_date as (

    select
        with_listened_ms.*,
        {{ local_date('with_listened_ms.played_at', 'users.timezone') }} as listening_date
    from with_listened_ms
    inner join users
        on with_listened_ms.user_id = users.user_id

),

final as (

    select
        play_id,
        user_id,
        track_id,
        streaming_history_id,
        recently_played_id,
        source,
        listened_ms,
        listened_ms_source,
        is_skipped,
        played_at,
        listening_date,
        {{ week_start('listening_date') }} as week_start
    from with_local_date

)

select * from final
