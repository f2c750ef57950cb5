-- A returned row is a recommender's scorecard, of a week or of all, whose similarity, skill or hit rate is not that of
-- its predictions, or that has none.
with

predictions as (select * from {{ ref('fct_predictions') }}),

in_periods as (

    select
        'all weeks' as period,
        cast(null as date) as week,
        predictions.*
    from predictions

    union all

    select
        'week' as period,
        week_start as week,
        predictions.*
    from predictions

),

summed as (

    select
        recommender,
        recommender_version,
        period,
        week,
        avg(similarity_pct) as similarity,
        1 - sum(difference_sum_pp) / nullif(sum(chance_difference_sum_pp), 0) as skill,
        avg(case when is_hit_short_horizon then 100 when not is_hit_short_horizon then 0 end) as short_hit_rate,
        avg(case when is_hit_long_horizon then 100 when not is_hit_long_horizon then 0 end) as long_hit_rate
    from in_periods
    group by
        recommender,
        recommender_version,
        period,
        week

),

expected as (

    {% for metric, horizon, column in [
        ('similarity', 'none', 'similarity'),
        ('skill', 'none', 'skill'),
        ('hit_rate', 'short', 'short_hit_rate'),
        ('hit_rate', 'long', 'long_hit_rate'),
    ] -%}
    select
        recommender,
        recommender_version,
        period,
        week,
        '{{ metric }}' as metric,
        '{{ horizon }}' as horizon,
        {{ column }} as metric_value
    from summed
    {%- if not loop.last %}

    union all

    {% endif %}
    {%- endfor %}

),

scorecards as (

    select * from {{ ref('recommender_scorecard') }}
    where metric in ('similarity', 'skill', 'hit_rate')

)

select
    coalesce(expected.recommender, scorecards.recommender) as recommender,
    coalesce(expected.metric, scorecards.metric) as metric,
    coalesce(expected.week, scorecards.week_start) as week_start,
    expected.metric_value as expected_value,
    scorecards.metric_value as found_value
from expected
full outer join scorecards
    on
        expected.recommender = scorecards.recommender
        and expected.recommender_version = scorecards.recommender_version
        and expected.period = scorecards.period
        and coalesce(expected.week, cast('1900-01-01' as date))
        = coalesce(scorecards.week_start, cast('1900-01-01' as date))
        and expected.metric = scorecards.metric
        and expected.horizon = scorecards.horizon
where
    expected.recommender is null
    or scorecards.recommender is null
    or (expected.metric_value is null) <> (scorecards.metric_value is null)
    or abs(expected.metric_value - scorecards.metric_value) > 0.000000001
