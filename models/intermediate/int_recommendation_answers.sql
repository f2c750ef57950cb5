with

recommendations as (

    select * from {{ ref('int_recommendations_with_outcomes') }}
    -- A seed track that is no Top Song any more (definitions changed since) is nobody's prediction.
    where top_song_number is not null

),

popularity as (select * from {{ ref('int_track_popularity') }}),

similarities as (select * from {{ ref('int_feature_similarity') }}),

constants as (select * from {{ ref('diagnostic_constants') }}),

places as (

    select {{ explode_numbers('1', 'value') }} as position
    from constants
    where constant = 'similarity_k'

),

-- What a hit at a position is worth to nDCG, to as many decimals as sums are exact to.
gains as (

    select
        position,
        cast(1 / {{ binary_logarithm('position + 1') }} as decimal(18, 12)) as gain
    from places

),

-- The most that so many hits can be worth: all of them first.
discounts as (

    select
        position,
        gain,
        cast(
            sum(gain) over (
                order by position
                rows between unbounded preceding and current row
            ) as double
        ) as ideal_gain
    from gains

),

predictions as (

    select
        recommendations.*,
        {{ has_all_features('recommendations', '_pct') | indent(8) }} as is_scored,
        popularity.plays_percentile,
        discounts.gain
    from recommendations
    left join discounts
        on recommendations.position = discounts.position
    left join popularity
        on
            recommendations.track_id = popularity.track_id
            and cast(recommendations.as_of as date) = popularity.as_of_date

),

pairs as (

    select
        lefts.recommender,
        lefts.user_id,
        lefts.week_start,
        lefts.top_song_number,
        {{ exact_mean(
            euclidean_distance('lefts', 'rights') ~ ' / 100 / sqrt(' ~ (audio_features() | length) ~ ')'
        ) }} as diversity
    from predictions as lefts
    inner join predictions as rights
        on
            lefts.recommender = rights.recommender
            and lefts.user_id = rights.user_id
            and lefts.week_start = rights.week_start
            and lefts.top_song_number = rights.top_song_number
            and lefts.position < rights.position
    where
        lefts.is_prediction
        and rights.is_prediction
        and lefts.is_scored
        and rights.is_scored
    group by
        lefts.recommender,
        lefts.user_id,
        lefts.week_start,
        lefts.top_song_number

),

-- One row per recommender and Top Song, even when all that it gave was the song itself.
answers as (

    select
        recommender,
        coalesce(max(recommender_version), 'not given') as recommender_version,
        max(variant) as variant,
        user_id,
        week_start,
        top_song_number,
        count(case when is_prediction then 1 end) as predicted_tracks,
        count(case when is_prediction then is_new_to_listener end) as novelty_known_tracks,
        count(case when is_prediction and is_new_to_listener then 1 end) as novel_tracks,
        count(case when is_prediction then plays_percentile end) as popularity_known_tracks,
        {%- for horizon in ['short', 'long'] %}
        count(is_listened_within_{{ horizon }}_horizon) > 0 as is_{{ horizon }}_horizon_observed,
        -- Ranks may differ in up to when their recommender knew listening: a horizon that is not over counts first.
        max({{ horizon }}_horizon_null_reason) as {{ horizon }}_horizon_null_reason,
        count(
            case when is_prediction and is_listened_within_{{ horizon }}_horizon then 1 end
        ) as {{ horizon }}_hits,
        min(
            case when is_prediction and is_listened_within_{{ horizon }}_horizon then position end
        ) as {{ horizon }}_first_hit,
        {{ exact_sum(
            'case when is_prediction and is_listened_within_' ~ horizon ~ '_horizon then gain else 0 end'
        ) }} as {{ horizon }}_gain,
        count(
            case when is_prediction and is_new_to_listener and is_listened_within_{{ horizon }}_horizon then 1 end
        ) as {{ horizon }}_serendipitous_tracks,
        {%- endfor %}
        {{ exact_sum('case when is_prediction then plays_percentile end') }} as popularity_sum
    from predictions
    group by
        recommender,
        user_id,
        week_start,
        top_song_number

),

compared as (

    select
        recommender,
        user_id,
        week_start,
        top_song_number,
        -- Of one answer all seven features say the same.
        max(seed_track_id) as seed_track_id,
        max(scored_recommendations) as scored_tracks,
        max(similarity_null_reason) as similarity_null_reason,
        max(chance_null_reason) as chance_null_reason,
        count(similarity_pct) as similarity_rows,
        {{ exact_sum('similarity_pct') }} as similarity_sum,
        {{ exact_sum('case when chance_difference_pp is not null then abs(difference_pp) end') }} as difference_sum,
        {{ exact_sum('chance_difference_pp') }} as chance_difference_sum
    from similarities
    group by
        recommender,
        user_id,
        week_start,
        top_song_number

),

final as (

    select
        answers.recommender,
        answers.recommender_version,
        answers.variant,
        answers.user_id,
        answers.week_start,
        answers.top_song_number,
        compared.seed_track_id,
        answers.predicted_tracks,
        compared.scored_tracks,
        answers.novelty_known_tracks,
        answers.novel_tracks,
        answers.popularity_known_tracks,
        answers.popularity_sum,
        pairs.diversity,
        compared.similarity_null_reason,
        compared.chance_null_reason,
        compared.similarity_rows,
        compared.similarity_sum,
        compared.difference_sum,
        {%- for horizon in ['short', 'long'] %}
        answers.is_{{ horizon }}_horizon_observed,
        case
            when not answers.is_{{ horizon }}_horizon_observed then answers.{{ horizon }}_horizon_null_reason
        end as {{ horizon }}_horizon_null_reason,
        case when answers.{{ horizon }}_hits > 0 then 1 else 0 end as {{ horizon }}_hit,
        coalesce(1 / cast(answers.{{ horizon }}_first_hit as double), 0) as {{ horizon }}_reciprocal_rank,
        coalesce(answers.{{ horizon }}_gain / {{ horizon }}_ideal.ideal_gain, 0) as {{ horizon }}_ndcg,
        answers.{{ horizon }}_serendipitous_tracks,
        {%- endfor %}
        compared.chance_difference_sum
    from answers
    inner join compared
        on
            answers.recommender = compared.recommender
            and answers.user_id = compared.user_id
            and answers.week_start = compared.week_start
            and answers.top_song_number = compared.top_song_number
    left join pairs
        on
            answers.recommender = pairs.recommender
            and answers.user_id = pairs.user_id
            and answers.week_start = pairs.week_start
            and answers.top_song_number = pairs.top_song_number
    left join discounts as short_ideal
        on answers.short_hits = short_ideal.position
    left join discounts as long_ideal
        on answers.long_hits = long_ideal.position

)

select * from final
