with

plays as (select * from {{ ref('int_plays') }}),

interval_clusters as (select * from {{ ref('int_interval_clusters') }}),

constants as (select * from {{ ref('diagnostic_constants') }}),

listeners as (select * from {{ ref('int_listener_totals') }}),

-- The next listen of the same listener to the same track. Of two that end at the same moment one is the next of the
-- other; which one makes no difference.
next_listens as (

    select
        play_id,
        lead(played_at) over (
            partition by user_id, track_id
            order by played_at, play_id
        ) as next_listened_at
    from plays
    where is_listen

),

-- Whether a listen was repeated is known once its days are over: not later than that before the listener's last play.
judged as (

    select
        plays.*,
        {{ cluster_id('interval_clusters.cluster_kind', 'plays.user_id', 'plays.week_start') }} as cluster_id,
        interval_clusters.cluster_kind,
        plays.is_listen
        and {{ milliseconds_between('plays.played_at', 'listeners.last_played_at') }}
        >= constants.value * {{ milliseconds_a_day() }} as is_repeat_known,
        coalesce(
            {{ milliseconds_between('plays.played_at', 'next_listens.next_listened_at') }}
            <= constants.value * {{ milliseconds_a_day() }},
            false
        ) as is_repeated
    from plays
    cross join interval_clusters
    inner join constants
        on constants.constant = 'repeat_within_days'
    inner join listeners
        on plays.user_id = listeners.user_id
    left join next_listens
        on plays.play_id = next_listens.play_id

),

final as (

    select
        user_id,
        cluster_kind,
        cluster_id,
        track_id,
        count(*) as plays,
        count(case when is_listen then 1 end) as listens,
        cast(coalesce(sum(listened_ms), 0) as bigint) as listened_ms,
        count(case when listened_ms_source = 'export' then 1 end) as exported_plays,
        count(completion_pct) as completion_known_plays,
        coalesce({{ exact_sum('completion_pct') }}, 0) as completion_sum_pct,
        count(is_skipped) as skip_known_plays,
        count(case when is_skipped then 1 end) as skipped_plays,
        count(case when is_repeat_known then 1 end) as repeat_known_listens,
        count(case when is_repeat_known and is_repeated then 1 end) as repeated_listens
    from judged
    group by
        user_id,
        cluster_kind,
        cluster_id,
        track_id

)

select * from final
