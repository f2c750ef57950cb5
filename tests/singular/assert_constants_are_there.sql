-- A returned row is a constant that models need and that its seed does not have.
with

needed as (

    select 'similarity_k' as constant
    union all
    select 'recommendation_ranks' as constant
    union all
    select 'recommended_top_songs' as constant
    union all
    select 'recommended_weeks' as constant
    union all
    select 'recommended_weeks_of_services' as constant
    union all
    select 'poll_match_tolerance_seconds' as constant
    union all
    select 'account_data_middle_seconds' as constant
    union all
    select 'segment_top_places' as constant
    {%- for constant in [
        'interval_level',
        'interval_least_listeners',
        'interval_least_weeks',
        'repeat_within_days',
        'feedback_within_days',
        'positive_rating_from',
        'short_horizon_days',
        'long_horizon_days',
        'chance_draws',
        'calibration_weeks',
        'comparison_power',
        'next_songs',
        'next_songs_weeks',
        'obsession_least_listens',
        'shared_tracks_listed',
    ] %}
    union all
    select '{{ constant }}' as constant
    {%- endfor %}
    {%- for threshold in [
        'day_hours_from',
        'week_times_median_from',
        'week_minutes_from',
        'week_median_weeks_least',
        'week_median_weeks_most',
        'play_times_length_from',
    ] %}
    union all
    select '{{ threshold }}' as constant
    {%- endfor %}

),

there as (

    select constant from {{ ref('diagnostic_constants') }}
    where value is not null
    union all
    select rule as constant from {{ ref('play_merge_rules') }}
    where value is not null
    union all
    select threshold as constant from {{ ref('anomaly_thresholds') }}
    where value is not null

)

select needed.constant
from needed
left join there
    on needed.constant = there.constant
where there.constant is null
