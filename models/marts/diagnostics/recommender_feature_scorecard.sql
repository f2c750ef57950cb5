{%- set keys = ['recommender', 'recommender_version', 'period', 'week', 'top_songs', 'audio_feature'] -%}
{%- set sums = ['compared_rows', 'predicted_sum', 'actual_sum', 'similarity_sum', 'chance_rows', 'chance_sum'] -%}

with

similarities as (select * from {{ ref('fct_feature_similarity') }}),

metrics as (select * from {{ ref('recommender_metrics') }}),

constants as (select * from {{ ref('diagnostic_constants') }}),

interval_clusters as (select * from {{ ref('int_interval_clusters') }}),

interval_steps as (select * from {{ ref('int_interval_steps') }}),

-- What an answer adds to each sum of a feature. Skill runs over what has a chance level.
by_feature as (

    select
        recommender,
        coalesce(recommender_version, 'not given') as recommender_version,
        user_id,
        week_start,
        top_song_number,
        audio_feature,
        case when similarity_pct is null then 0 else 1 end as compared_rows,
        case when similarity_pct is not null then predicted_pct end as predicted_sum,
        case when similarity_pct is not null then actual_pct end as actual_sum,
        similarity_pct as similarity_sum,
        case when chance_difference_pp is null then 0 else 1 end as chance_rows,
        chance_difference_pp as chance_sum,
        case when chance_difference_pp is not null then abs(difference_pp) end as difference_sum
    from similarities

),

-- The seven features together are one more. Their predicted and actual values are not added up: a mean of energy and
-- speechiness says nothing.
by_answer as (

    select
        *,
        compared_rows as compared_answers
    from by_feature

    union all

    select
        recommender,
        recommender_version,
        user_id,
        week_start,
        top_song_number,
        'all' as audio_feature,
        sum(compared_rows) as compared_rows,
        cast(null as double) as predicted_sum,
        cast(null as double) as actual_sum,
        {{ exact_sum('similarity_sum') }} as similarity_sum,
        sum(chance_rows) as chance_rows,
        {{ exact_sum('chance_sum') }} as chance_sum,
        {{ exact_sum('difference_sum') }} as difference_sum,
        max(compared_rows) as compared_answers
    from by_feature
    group by
        recommender,
        recommender_version,
        user_id,
        week_start,
        top_song_number

),

in_periods as (

    select
        'all weeks' as period,
        'all' as week,
        by_answer.*
    from by_answer

    union all

    select
        'week' as period,
        {{ as_text('by_answer.week_start') }} as week,
        by_answer.*
    from by_answer

),

-- All Top Songs together, and each of those that are asked about: a model of one's own may answer for others too.
in_groups as (

    select
        'all' as top_songs,
        in_periods.*
    from in_periods

    union all

    select
        {{ as_text('in_periods.top_song_number') }} as top_songs,
        in_periods.*
    from in_periods
    inner join constants
        on
            constants.constant = 'recommended_top_songs'
            and in_periods.top_song_number <= constants.value

),

grouped as (

    select
        {%- for key in keys %}
        {{ key }},
        {%- endfor %}
        max(case when top_songs <> 'all' then top_song_number end) as top_song_number,
        cast(sum(compared_answers) as bigint) as predictions,
        count(distinct case when compared_answers > 0 then user_id end) as listeners,
        {%- for column in sums %}
        {{ exact_sum(column) }} as {{ column }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from in_groups
    group by
        {{ keys | join(',\n        ') }}

),

by_cluster as (

    select
        {%- for key in keys %}
        in_groups.{{ key }},
        {%- endfor %}
        interval_clusters.cluster_kind,
        {{ cluster_id('interval_clusters.cluster_kind', 'in_groups.user_id', 'in_groups.week_start') }} as cluster,
        {{ exact_sum('in_groups.compared_rows') }} as compared_rows,
        {{ exact_sum('in_groups.similarity_sum') }} as similarity_sum,
        {{ exact_sum('in_groups.chance_sum') }} as chance_sum,
        {{ exact_sum('in_groups.difference_sum') }} as difference_sum
    from in_groups
    cross join interval_clusters
    group by
        {%- for key in keys %}
        in_groups.{{ key }},
        {%- endfor %}
        interval_clusters.cluster_kind,
        {{ cluster_id('interval_clusters.cluster_kind', 'in_groups.user_id', 'in_groups.week_start') }}

),

clusters as (

    select
        {%- for key in keys %}
        {{ key }},
        {%- endfor %}
        'similarity' as metric,
        cluster_kind,
        cluster,
        similarity_sum as part,
        compared_rows as whole
    from by_cluster

    union all

    select
        {%- for key in keys %}
        {{ key }},
        {%- endfor %}
        'skill' as metric,
        cluster_kind,
        cluster,
        chance_sum - difference_sum as part,
        chance_sum as whole
    from by_cluster

),

estimates as (

    {{ ratio_estimates('clusters', keys + ['metric'], 'interval_steps') | indent(4) }}

),

-- An interval ends where the metric does, and where everybody is alike there is none (as on the scorecard).
bounded as (

    select
        estimates.*,
        case when estimates.standard_error > 0 then greatest(estimates.interval_low, metrics.lowest) end as low,
        case when estimates.standard_error > 0 then least(estimates.interval_high, metrics.highest) end as high
    from estimates
    inner join metrics
        on estimates.metric = metrics.metric

),

joined as (

    select
        grouped.*,
        coalesce(similarity.clusters, 0) as clusters,
        {{ interval_scope('similarity.cluster_kind') }} as known_interval_scope,
        similarity.ratio as similarity_pct,
        case when similarity.interval_null_reason is null then similarity.low end as similarity_interval_low,
        case when similarity.interval_null_reason is null then similarity.high end as similarity_interval_high,
        case
            when similarity.ratio is null then 'no value'
            when similarity.interval_null_reason is not null then similarity.interval_null_reason
            when similarity.low is null then 'no variation'
        end as similarity_interval_null_reason,
        skill.ratio as skill,
        case when skill.interval_null_reason is null then skill.low end as skill_interval_low,
        case when skill.interval_null_reason is null then skill.high end as skill_interval_high,
        case
            when skill.ratio is null then 'no value'
            when skill.interval_null_reason is not null then skill.interval_null_reason
            when skill.high is null then 'no variation'
        end as skill_interval_null_reason
    from grouped
    left join bounded as similarity
        on
            similarity.metric = 'similarity'
            and grouped.recommender = similarity.recommender
            and grouped.recommender_version = similarity.recommender_version
            and grouped.period = similarity.period
            and grouped.week = similarity.week
            and grouped.top_songs = similarity.top_songs
            and grouped.audio_feature = similarity.audio_feature
    left join bounded as skill
        on
            skill.metric = 'skill'
            and grouped.recommender = skill.recommender
            and grouped.recommender_version = skill.recommender_version
            and grouped.period = skill.period
            and grouped.week = skill.week
            and grouped.top_songs = skill.top_songs
            and grouped.audio_feature = skill.audio_feature

),

with_means as (

    select
        *,
        predicted_sum / nullif(compared_rows, 0) as predicted_pct,
        actual_sum / nullif(compared_rows, 0) as actual_pct,
        chance_sum / nullif(chance_rows, 0) as chance_difference_pp
    from joined

),

final as (

    select
        recommender,
        recommender_version,
        period,
        case when period = 'week' then cast(week as date) end as week_start,
        top_songs,
        top_song_number,
        audio_feature,
        predictions,
        listeners,
        predicted_pct,
        actual_pct,
        predicted_pct - actual_pct as difference_pp,
        case
            when audio_feature = 'all' then 'several features'
            when predictions = 0 then 'no audio features'
        end as difference_null_reason,
        similarity_pct,
        case when predictions = 0 then 'no audio features' end as similarity_null_reason,
        similarity_interval_low,
        similarity_interval_high,
        similarity_interval_null_reason,
        chance_difference_pp,
        case
            when predictions = 0 then 'no audio features'
            when chance_rows = 0 then 'no chance level'
        end as chance_null_reason,
        skill,
        case
            when predictions = 0 then 'no audio features'
            when chance_rows = 0 then 'no chance level'
            when chance_sum = 0 then 'chance level is zero'
        end as skill_null_reason,
        skill_interval_low,
        skill_interval_high,
        skill_interval_null_reason,
        coalesce(similarity_interval_null_reason, skill_interval_null_reason) as interval_null_reason,
        clusters,
        case when similarity_pct is not null then known_interval_scope end as interval_scope
    from with_means

)

select * from final
