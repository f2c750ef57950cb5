-- A returned row is a score that has one value in the long form and another in its column of the wide marts.
{%- set scores = ['energy', 'musicality', 'positivity'] %}
with

long_scores as (

    select
        user_id,
        listening_date as first_date,
        'day' as grain,
        score,
        score_value
    from {{ ref('daily_scores') }}

    union all

    select
        user_id,
        week_start as first_date,
        'week' as grain,
        score,
        score_value
    from {{ ref('weekly_scores') }}

),

wide_scores as (

    {%- for score in scores %}

    select
        user_id,
        listening_date as first_date,
        'day' as grain,
        '{{ score }}' as score,
        {{ score }}_score as score_value
    from {{ ref('daily_listening') }}

    union all

    select
        user_id,
        week_start as first_date,
        'week' as grain,
        '{{ score }}' as score,
        {{ score }}_score as score_value
    from {{ ref('weekly_listening') }}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

)

select
    wide_scores.grain,
    wide_scores.user_id,
    wide_scores.first_date,
    wide_scores.score,
    wide_scores.score_value,
    long_scores.score_value as long_score_value
from wide_scores
left join long_scores
    on
        wide_scores.user_id = long_scores.user_id
        and wide_scores.first_date = long_scores.first_date
        and wide_scores.grain = long_scores.grain
        and wide_scores.score = long_scores.score
where
    wide_scores.score_value <> long_scores.score_value
    or (wide_scores.score_value is null) <> (long_scores.score_value is null)
