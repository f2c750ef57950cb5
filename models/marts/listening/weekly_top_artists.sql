with

artists as (

    select * from {{ ref('int_listening_by_week_and_artist') }}
    where listens > 0

),

weeks as (select * from {{ ref('weekly_listening') }}),

score_weights as (select * from {{ ref('score_weights') }}),

vibe_thresholds as (select * from {{ ref('vibe_thresholds') }}),

scores as (

    {{ weighted_scores('artists', 'score_weights', ['user_id', 'week_start', 'artist_name']) | indent(4) }}

),

wide_scores as (

    select
        user_id,
        week_start,
        artist_name,
        {{ score_column('energy') }} as energy_score,
        {{ score_column('musicality') }} as musicality_score,
        {{ score_column('positivity') }} as positivity_score
    from scores
    group by
        user_id,
        week_start,
        artist_name

),

numbered as (

    select
        *,
        row_number() over (
            partition by user_id, week_start
            order by listens desc, listened_ms desc, artist_name asc
        ) as top_artist_number
    from artists

),

final as (

    select
        numbered.user_id,
        numbered.week_start,
        numbered.top_artist_number,
        numbered.artist_name,
        numbered.plays,
        numbered.listens,
        numbered.unique_tracks,
        numbered.minutes_listened,
        {{ share_pct('numbered.listens', 'weeks.listens') }} as listens_share_pct,
        numbered.scored_listens,
        numbered.feature_coverage_pct,
        wide_scores.energy_score,
        wide_scores.musicality_score,
        wide_scores.positivity_score,
        vibe_thresholds.vibe,
        numbered.score_null_reason,
        numbered.is_new_artist,
        numbered.score_weights_version,
        numbered.vibe_thresholds_version,
        numbered.listen_rules_version
    from numbered
    inner join weeks
        on
            numbered.user_id = weeks.user_id
            and numbered.week_start = weeks.week_start
    left join wide_scores
        on
            numbered.user_id = wide_scores.user_id
            and numbered.week_start = wide_scores.week_start
            and numbered.artist_name = wide_scores.artist_name
    left join vibe_thresholds
        on
            numbered.vibe_thresholds_version = vibe_thresholds.version
            and {{ is_in_band('numbered.valence_pct', 'vibe_thresholds') | indent(12) }}

)

select * from final
