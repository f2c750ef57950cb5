{%- set pair = [
    'comparison_kind', 'is_paired', 'first_recommender', 'first_version', 'first_variant', 'second_recommender',
    'second_version', 'second_variant',
] -%}

with

pairs as (select * from {{ ref('int_comparison_pairs') }}),

metrics as (

    select * from {{ ref('int_scorecard_metrics') }}
    where has_interval

),

interval_clusters as (select * from {{ ref('int_interval_clusters') }}),

measures as (

    select
        measures.*,
        {{ cluster_id('interval_clusters.cluster_kind', 'measures.user_id', 'measures.week_start') }} as cluster,
        interval_clusters.cluster_kind
    from {{ ref('int_recommendation_measures') }} as measures
    inner join metrics
        on
            measures.metric = metrics.metric
            and measures.horizon = metrics.horizon
    cross join interval_clusters

),

-- Of a pair, only what both know: the same Top Song, and the same metric of it.
paired as (

    select
        {%- for column in pair %}
        pairs.{{ column }},
        {%- endfor %}
        firsts.metric,
        firsts.horizon,
        firsts.cluster_kind,
        firsts.cluster,
        firsts.part as first_part,
        firsts.whole as first_whole,
        seconds.part as second_part,
        seconds.whole as second_whole,
        1 as first_answers,
        1 as second_answers,
        -- To nine decimals: below, a difference is rounding.
        cast(firsts.part / firsts.whole as decimal(18, 9))
        - cast(seconds.part / seconds.whole as decimal(18, 9)) as answer_difference
    from pairs
    inner join measures as firsts
        on
            pairs.first_recommender = firsts.recommender
            and pairs.first_version = firsts.recommender_version
    inner join measures as seconds
        on
            pairs.second_recommender = seconds.recommender
            and pairs.second_version = seconds.recommender_version
            and firsts.user_id = seconds.user_id
            and firsts.week_start = seconds.week_start
            and firsts.top_song_number = seconds.top_song_number
            and firsts.metric = seconds.metric
            and firsts.horizon = seconds.horizon
    where pairs.is_paired

),

-- Sides that answered different songs: each with its own, and zeros for the other.
unpaired as (

    select
        {%- for column in pair %}
        pairs.{{ column }},
        {%- endfor %}
        measures.metric,
        measures.horizon,
        measures.cluster_kind,
        measures.cluster,
        measures.part as first_part,
        measures.whole as first_whole,
        cast(0 as double) as second_part,
        cast(0 as double) as second_whole,
        1 as first_answers,
        0 as second_answers,
        cast(null as decimal(18, 9)) as answer_difference
    from pairs
    inner join measures
        on
            pairs.first_recommender = measures.recommender
            and pairs.first_version = measures.recommender_version
            and pairs.first_variant in ('any', measures.variant)
    where not pairs.is_paired

    union all

    select
        {%- for column in pair %}
        pairs.{{ column }},
        {%- endfor %}
        measures.metric,
        measures.horizon,
        measures.cluster_kind,
        measures.cluster,
        cast(0 as double) as first_part,
        cast(0 as double) as first_whole,
        measures.part as second_part,
        measures.whole as second_whole,
        0 as first_answers,
        1 as second_answers,
        cast(null as decimal(18, 9)) as answer_difference
    from pairs
    inner join measures
        on
            pairs.second_recommender = measures.recommender
            and pairs.second_version = measures.recommender_version
            and pairs.second_variant in ('any', measures.variant)
    where not pairs.is_paired

),

united as (

    select * from paired
    union all
    select * from unpaired

),

final as (

    select
        {%- for column in pair %}
        {{ column }},
        {%- endfor %}
        metric,
        horizon,
        cluster_kind,
        cluster,
        {{ exact_sum('first_part') }} as first_part,
        {{ exact_sum('first_whole') }} as first_whole,
        {{ exact_sum('second_part') }} as second_part,
        {{ exact_sum('second_whole') }} as second_whole,
        cast(sum(first_answers) as bigint) as first_answers,
        cast(sum(second_answers) as bigint) as second_answers,
        count(case when answer_difference > 0 then 1 end) as first_won,
        count(case when answer_difference < 0 then 1 end) as second_won,
        count(case when answer_difference = 0 then 1 end) as tied
    from united
    group by
        {%- for column in pair %}
        {{ column }},
        {%- endfor %}
        metric,
        horizon,
        cluster_kind,
        cluster

)

select * from final
