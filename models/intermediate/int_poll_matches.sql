{#-
    Four rounds settle every case except chains of five or more plays of one track within the tolerance, which nobody
    has seen; assert_no_play_is_left_without_its_partner would report them.
-#}
{%- set matching_rounds = 4 %}

with

merge_rules as (

    select
        cast(max(case when rule = 'poll_match_tolerance_seconds' then value end) * 1000 as bigint) as tolerance_ms,
        cast(max(case when rule = 'account_data_middle_seconds' then value end) * 1000 as bigint) as middle_ms
    from {{ ref('play_merge_rules') }}

),

account_data_matches as (select * from {{ ref('int_account_data_matches') }}),

-- An end that is known only to the minute is taken to be the middle of that minute.
exported_plays as (

    select
        reports.*,
        cast(reports.ended_at as date) as ended_on,
        case when reports.source = 'account_data' then merge_rules.middle_ms else 0 end as middle_ms
    from {{ ref('int_play_reports') }} as reports
    cross join merge_rules
    left join account_data_matches
        on reports.report_id = account_data_matches.account_data_id
    where
        reports.source <> 'poll'
        and account_data_matches.account_data_id is null

),

-- The dates on which a partner may end: the tolerance is at most an hour.
polled_plays as (

    select
        *,
        {{ explode_dates(add_days('ended_at', -1), add_days('ended_at', 1)) }} as partner_ended_on
    from {{ ref('int_play_reports') }}
    where source = 'poll'

),

-- Every pair that could be one play: two reports of one track, or of two ids with the same title and artist.
distances as (

    select
        exported_plays.report_id as export_report_id,
        polled_plays.report_id as recently_played_id,
        exported_plays.listened_ms,
        exported_plays.middle_ms,
        polled_plays.ended_at as polled_ended_at,
        case when exported_plays.track_id = polled_plays.track_id then 0 else 1 end as is_other_id,
        abs(
            {{ milliseconds_between('exported_plays.ended_at', 'polled_plays.ended_at') }} - exported_plays.middle_ms
        ) as distance_ms
    from polled_plays
    inner join exported_plays
        on
            polled_plays.user_id = exported_plays.user_id
            and polled_plays.match_key = exported_plays.match_key
            and polled_plays.partner_ended_on = exported_plays.ended_on

),

candidate_pairs as (

    select distances.*
    from distances
    inner join merge_rules
        on distances.distance_ms <= merge_rules.tolerance_ms + distances.middle_ms

),

-- One order over all pairs breaks ties the same way from both sides: nearest first, then the same id, then the longer
-- of two exported plays that ended at the same second (polls seldom report the short ones).
ordered_pairs as (

    select
        export_report_id,
        recently_played_id,
        row_number() over (
            order by
                distance_ms asc,
                is_other_id asc,
                listened_ms desc,
                polled_ended_at asc,
                export_report_id asc,
                recently_played_id asc
        ) as pair_order
    from candidate_pairs

),

matches_0 as (

    select
        export_report_id,
        recently_played_id
    from ordered_pairs
    where false

),
{% for round in range(1, matching_rounds + 1) %}
open_pairs_{{ round }} as (

    select ordered_pairs.*
    from ordered_pairs
    left join matches_{{ round - 1 }} as matched_export
        on ordered_pairs.export_report_id = matched_export.export_report_id
    left join matches_{{ round - 1 }} as matched_poll
        on ordered_pairs.recently_played_id = matched_poll.recently_played_id
    where
        matched_export.export_report_id is null
        and matched_poll.recently_played_id is null

),

-- A pair matches when each is the other's nearest, which keeps matches one-to-one.
ranked_pairs_{{ round }} as (

    select
        export_report_id,
        recently_played_id,
        row_number() over (
            partition by export_report_id
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
        export_report_id,
        recently_played_id
    from matches_{{ round - 1 }}

    union all

    select
        export_report_id,
        recently_played_id
    from ranked_pairs_{{ round }}
    where
        order_for_export = 1
        and order_for_poll = 1

),
{% endfor %}
final as (

    select
        export_report_id,
        recently_played_id
    from matches_{{ matching_rounds }}

)

select * from final
