with

answers as (select * from {{ ref('int_recommendation_answers') }}),

calibrations as (select * from {{ ref('int_week_calibration') }}),

-- Every metric is a sum over a sum. Where the whole is zero, the answer says nothing about it.
{%- set metrics = [
    ('similarity', none, 'similarity_sum', 'similarity_rows'),
    ('skill', none, 'chance_difference_sum - difference_sum', 'chance_difference_sum'),
    ('novelty', none, '100 * novel_tracks', 'novelty_known_tracks'),
    ('diversity', none, 'diversity', 'case when diversity is not null then 1 end'),
    ('popularity_bias', none, 'popularity_sum', 'popularity_known_tracks'),
] %}
{%- for horizon in ['short', 'long'] %}
{%- set observed = 'case when is_' ~ horizon ~ '_horizon_observed then ' %}
{%- do metrics.append(('hit_rate', horizon, '100 * ' ~ horizon ~ '_hit', observed ~ '1 end')) %}
{%- do metrics.append(('mrr', horizon, horizon ~ '_reciprocal_rank', observed ~ '1 end')) %}
{%- do metrics.append(('ndcg', horizon, horizon ~ '_ndcg', observed ~ '1 end')) %}
{%- do metrics.append(
    ('serendipity', horizon, '100 * ' ~ horizon ~ '_serendipitous_tracks', observed ~ 'predicted_tracks end')
) %}
{%- endfor %}

measures as (
    {% for metric, horizon, part, whole in metrics %}
    select
        recommender,
        recommender_version,
        variant,
        user_id,
        week_start,
        top_song_number,
        '{{ metric }}' as metric,
        '{{ horizon or "none" }}' as horizon,
        cast({{ part }} as double) as part,
        cast({{ whole }} as double) as whole
    from answers
    where {{ whole }} > 0

    union all
    {% endfor %}
    -- Of a week as a whole.
    select
        recommender,
        recommender_version,
        variant,
        user_id,
        week_start,
        cast(null as bigint) as top_song_number,
        'calibration' as metric,
        'none' as horizon,
        calibration_distance as part,
        cast(1 as double) as whole
    from calibrations

),

final as (

    select * from measures

)

select * from final
