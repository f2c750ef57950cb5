with

days as (select * from {{ ref('int_listening_by_day') }}),

scores as (select * from {{ ref('daily_scores') }}),

vibe_thresholds as (select * from {{ ref('vibe_thresholds') }}),

wide_scores as (

    select
        user_id,
        listening_date,
        {{ score_column('energy') }} as energy_score,
        {{ score_column('musicality') }} as musicality_score,
        {{ score_column('positivity') }} as positivity_score
    from scores
    group by
        user_id,
        listening_date

),

final as (

    select
        days.user_id,
        days.listening_date,
        days.week_start,
        days.plays,
        days.listens,
        days.unique_tracks,
        days.minutes_listened,
        days.scored_listens,
        {%- for feature in audio_features() %}
        days.{{ feature }}_pct,
        {%- endfor %}
        wide_scores.energy_score,
        wide_scores.musicality_score,
        wide_scores.positivity_score,
        vibe_thresholds.vibe,
        days.feature_coverage_pct,
        days.score_null_reason,
        days.skipped_plays,
        days.skip_known_plays,
        days.skip_rate_pct,
        days.skip_null_reason,
        days.completion_known_plays,
        days.completion_pct,
        days.completion_null_reason,
        days.has_gap,
        days.score_weights_version,
        days.vibe_thresholds_version,
        days.listen_rules_version
    from days
    left join wide_scores
        on
            days.user_id = wide_scores.user_id
            and days.listening_date = wide_scores.listening_date
    left join vibe_thresholds
        on
            days.vibe_thresholds_version = vibe_thresholds.version
            and {{ is_in_band('days.valence_pct', 'vibe_thresholds') | indent(12) }}

)

select * from final
