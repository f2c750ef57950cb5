-- A returned row is a recommender's scorecard, of a week or of all, that its scorecard of features contradicts: all
-- features of all Top Songs together have another similarity, skill or interval, or their similarity is not the mean of
-- the features.
with

feature_scorecards as (

    select
        *,
        coalesce(week_start, cast('1900-01-01' as date)) as week
    from {{ ref('recommender_feature_scorecard') }}
    where top_songs = 'all'

),

by_feature as (

    select
        recommender,
        recommender_version,
        period,
        week,
        sum(predictions * similarity_pct) / nullif(sum(predictions), 0) as similarity_pct,
        min(predictions) as fewest_predictions,
        max(predictions) as most_predictions
    from feature_scorecards
    where audio_feature <> 'all'
    group by
        recommender,
        recommender_version,
        period,
        week

),

scorecards as (

    select
        recommender,
        recommender_version,
        period,
        coalesce(week_start, cast('1900-01-01' as date)) as week,
        {%- for metric in ['similarity', 'skill'] %}
        max(case when metric = '{{ metric }}' then answers end) as {{ metric }}_answers,
        max(case when metric = '{{ metric }}' then metric_value end) as {{ metric }},
        max(case when metric = '{{ metric }}' then interval_low end) as {{ metric }}_low,
        max(case when metric = '{{ metric }}' then interval_high end) as {{ metric }}_high,
        max(case when metric = '{{ metric }}' then interval_null_reason end) as {{ metric }}_reason
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from {{ ref('recommender_scorecard') }}
    where metric in ('similarity', 'skill')
    group by
        recommender,
        recommender_version,
        period,
        week_start

),

together as (

    select * from feature_scorecards
    where audio_feature = 'all'

)

select
    coalesce(scorecards.recommender, together.recommender) as recommender,
    coalesce(scorecards.recommender_version, together.recommender_version) as recommender_version,
    coalesce(scorecards.week, together.week) as week,
    scorecards.similarity,
    together.similarity_pct,
    by_feature.similarity_pct as similarity_of_features,
    scorecards.skill,
    together.skill as found_skill
from scorecards
full outer join together
    on
        scorecards.recommender = together.recommender
        and scorecards.recommender_version = together.recommender_version
        and scorecards.period = together.period
        and scorecards.week = together.week
left join by_feature
    on
        together.recommender = by_feature.recommender
        and together.recommender_version = by_feature.recommender_version
        and together.period = by_feature.period
        and together.week = by_feature.week
where
    scorecards.recommender is null
    or together.recommender is null
    or scorecards.similarity_answers <> together.predictions
    or together.predictions <> by_feature.fewest_predictions
    or together.predictions <> by_feature.most_predictions
    or (together.similarity_pct is null) <> (by_feature.similarity_pct is null)
    or abs(together.similarity_pct - by_feature.similarity_pct) > 0.000000001
    {%- for found, metric in [('similarity_pct', 'similarity'), ('skill', 'skill')] %}
    or coalesce(scorecards.{{ metric }}_reason, '') <> coalesce(together.{{ metric }}_interval_null_reason, '')
    {%- for column, expected in [
        (found, metric),
        (metric ~ '_interval_low', metric ~ '_low'),
        (metric ~ '_interval_high', metric ~ '_high'),
    ] %}
    or (scorecards.{{ expected }} is null) <> (together.{{ column }} is null)
    or abs(scorecards.{{ expected }} - together.{{ column }}) > 0.000000001
    {%- endfor %}
    {%- endfor %}
