-- A returned row is a reason for a missing value that pages have no sentence for.
with

reasons as (

    select
        'score' as subject,
        score_null_reason as reason
    from {{ ref('daily_scores') }}
    union
    select
        'score' as subject,
        score_null_reason as reason
    from {{ ref('weekly_scores') }}
    union
    select
        'change' as subject,
        change_null_reason as reason
    from {{ ref('weekly_scores') }}

    {%- for subject, model, column in [
        ('similarity', 'fct_predictions', 'similarity_null_reason'),
        ('chance', 'fct_predictions', 'difference_sum_null_reason'),
        ('skill', 'fct_predictions', 'skill_null_reason'),
        ('hit', 'fct_predictions', 'short_horizon_null_reason'),
        ('hit', 'fct_predictions', 'long_horizon_null_reason'),
        ('difference', 'recommender_feature_scorecard', 'difference_null_reason'),
        ('similarity', 'recommender_feature_scorecard', 'similarity_null_reason'),
        ('chance', 'recommender_feature_scorecard', 'chance_null_reason'),
        ('skill', 'recommender_feature_scorecard', 'skill_null_reason'),
        ('interval', 'recommender_feature_scorecard', 'interval_null_reason'),
        ('interval', 'recommender_scorecard', 'interval_null_reason'),
        ('interval', 'recommender_listener_scorecard', 'interval_null_reason'),
        ('interval', 'recommender_comparison', 'interval_null_reason'),
        ('metric', 'recommender_scorecard', 'metric_null_reason'),
        ('metric', 'recommender_listener_scorecard', 'metric_null_reason'),
        ('hit', 'fct_recommendations', 'short_horizon_null_reason'),
        ('hit', 'fct_recommendations', 'long_horizon_null_reason'),
        ('suggestion', 'next_songs', 'closest_null_reason'),
        ('score', 'next_songs', 'score_null_reason'),
        ('score', 'listener_shared_tracks', 'score_null_reason'),
        ('change', 'weekly_listening', 'minutes_change_null_reason'),
        ('change', 'weekly_listening', 'minutes_change_pct_null_reason'),
        ('change', 'weekly_listening', 'listens_change_null_reason'),
        ('taste', 'listener_similarity', 'feature_similarity_null_reason'),
        ('obsession', 'weekly_highlights', 'obsession_null_reason'),
        ('top day', 'weekly_highlights', 'top_day_null_reason'),
        ('top new song', 'weekly_highlights', 'top_new_null_reason'),
        ('place change', 'weekly_top_songs', 'previous_top_song_null_reason'),
        ('completion', 'feature_engagement', 'completion_null_reason'),
        ('skip rate', 'feature_engagement', 'skip_rate_null_reason'),
        ('repeat rate', 'feature_engagement', 'repeat_rate_null_reason'),
        ('interval', 'feature_engagement', 'completion_interval_null_reason'),
        ('interval', 'feature_engagement', 'skip_rate_interval_null_reason'),
        ('interval', 'feature_engagement', 'repeat_rate_interval_null_reason'),
        ('slope', 'feature_engagement_slopes', 'slope_null_reason'),
        ('interval', 'feature_engagement_slopes', 'interval_null_reason'),
        ('active listeners', 'weekly_engagement', 'per_listener_null_reason'),
        ('retention', 'weekly_retention', 'retention_null_reason'),
        ('rating', 'feedback_summary', 'mean_rating_null_reason'),
        ('genre', 'listener_segments', 'genre_null_reason'),
        ('sound', 'listener_segments', 'features_null_reason'),
    ] %}
    union
    select
        '{{ subject }}' as subject,
        {{ column }} as reason
    from {{ ref(model) }}
    {%- endfor %}

),

sentences as (select * from {{ ref('missing_value_reasons') }}),

final as (

    select
        reasons.subject,
        reasons.reason
    from reasons
    left join sentences
        on
            reasons.subject = sentences.subject
            and reasons.reason = sentences.reason
    where
        reasons.reason is not null
        and sentences.reason is null

)

select * from final
