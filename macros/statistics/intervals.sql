{#-
    Intervals of ratios of sums, with clusters (listeners, or one listener's weeks) as what was drawn at random: plays of
    one listener resemble each other, so that a thousand plays of ten people say about as much as ten people do.

    With y and x the sums of a cluster, G the number of clusters, and sums over clusters:
    ratio R = sum(y) / sum(x), standard error = sqrt(G / (G - 1) * sum((y - R * x)^2)) / sum(x),
    interval = R -/+ t * standard error, t with G - 1 degrees of freedom.
    (Cochran, Sampling Techniques, 6.4: the variance of a ratio by linearisation.)
-#}

{#- A cluster's name: the listener, or the week where a single listener's weeks stand in (int_interval_clusters). -#}
{% macro cluster_id(cluster_kind, user_id, week_start) -%}
    case when {{ cluster_kind }} = 'weeks' then {{ spotiflow.as_text(week_start) }} else {{ user_id }} end
{%- endmacro %}

{#- Aggregate over clusters: the ratio of two sums; null when the whole is zero. -#}
{% macro ratio_of_sums(part, whole) -%}
    {{ spotiflow.exact_sum(part) }} / nullif({{ spotiflow.exact_sum(whole) }}, 0)
{%- endmacro %}

{#-
    Aggregate over clusters: the standard error of the ratio of two sums; null for fewer than two clusters.
    `residual`: the cluster's part less ratio times its whole; `whole`: its whole. Residuals are squared and added up
    to twelve decimals, so parts should be counts or percent rather than tiny shares.
-#}
{% macro ratio_standard_error(residual, whole) -%}
    sqrt(
        cast(count({{ whole }}) as double) / nullif(count({{ whole }}) - 1, 0)
        * {{ spotiflow.exact_sum('(' ~ residual ~ ') * (' ~ residual ~ ')') }}
    ) / nullif(abs({{ spotiflow.exact_sum(whole) }}), 0)
{%- endmacro %}

{#-
    A select with one row for each combination of `keys`: clusters, part_sum, whole_sum, ratio, standard_error,
    interval_low, interval_high and interval_null_reason.

    `clusters`: a relation with one row per combination of keys and cluster: the keys, cluster_kind ('listeners' or
    'weeks', of int_interval_clusters), part and whole. Clusters whose whole is zero or missing know nothing and do not
    count. `steps`: a relation shaped like int_interval_steps, which says from how many clusters on there are intervals.
-#}
{% macro ratio_estimates(clusters, keys, steps) -%}
    {%- set group = keys | join(', ') -%}
    select
        {%- for key in keys %}
        estimates.{{ key }},
        {%- endfor %}
        estimates.cluster_kind,
        estimates.clusters,
        estimates.part_sum,
        estimates.whole_sum,
        estimates.ratio,
        estimates.standard_error,
        estimates.ratio - steps.t_quantile * estimates.standard_error as interval_low,
        estimates.ratio + steps.t_quantile * estimates.standard_error as interval_high,
        case when steps.t_quantile is null then 'not enough data' end as interval_null_reason
    from (
        select
            {%- for key in keys %}
            {{ key }},
            {%- endfor %}
            cluster_kind,
            count(*) as clusters,
            {{ spotiflow.exact_sum('part') }} as part_sum,
            {{ spotiflow.exact_sum('whole') }} as whole_sum,
            {{ spotiflow.ratio_of_sums('part', 'whole') }} as ratio,
            {{ spotiflow.ratio_standard_error('part - ratio_of_all * whole', 'whole') }} as standard_error
        from (
            select
                *,
                cast(sum(cast(part as decimal(38, 12))) over (partition by {{ group }}) as double)
                / cast(sum(cast(whole as decimal(38, 12))) over (partition by {{ group }}) as double) as ratio_of_all
            from {{ clusters }}
            where
                whole <> 0
                and part is not null
        ) as with_ratio
        group by
            {{ group }},
            cluster_kind
    ) as estimates
    left join {{ steps }} as steps
        on
            estimates.cluster_kind = steps.cluster_kind
            and estimates.clusters >= steps.clusters_from
            and (steps.clusters_before is null or estimates.clusters < steps.clusters_before)
{%- endmacro %}

{#-
    A select with one row for each combination of `keys`: clusters, first_ratio, second_ratio, difference (first less
    second), standard_error, interval_low, interval_high and interval_null_reason.

    `clusters`: a relation with one row per combination of keys and cluster: the keys, cluster_kind, first_part,
    first_whole, second_part and second_whole, zeros where a side has nothing of the cluster. So it serves both sides
    that share their clusters and sides that do not: of two ratios R1 = Y1 / X1 and R2 = Y2 / X2,

        standard error = sqrt(G / (G - 1) * sum(((y1 - R1 * x1) / X1 - (y2 - R2 * x2) / X2)^2))

    with what the two have in common taken off cluster by cluster. `steps`: as for ratio_estimates.
-#}
{% macro ratio_difference_estimates(clusters, keys, steps) -%}
    {%- set group = keys | join(', ') -%}
    {%- set total = 'cast(sum(cast({} as decimal(38, 12))) over (partition by ' ~ group ~ ') as double)' -%}
    select
        {%- for key in keys %}
        estimates.{{ key }},
        {%- endfor %}
        estimates.cluster_kind,
        estimates.clusters,
        estimates.first_ratio,
        estimates.second_ratio,
        estimates.first_ratio - estimates.second_ratio as difference,
        estimates.standard_error,
        steps.t_quantile,
        estimates.first_ratio - estimates.second_ratio - steps.t_quantile * estimates.standard_error as interval_low,
        estimates.first_ratio - estimates.second_ratio + steps.t_quantile * estimates.standard_error as interval_high,
        case when steps.t_quantile is null then 'not enough data' end as interval_null_reason
    from (
        select
            {%- for key in keys %}
            {{ key }},
            {%- endfor %}
            cluster_kind,
            count(*) as clusters,
            max(first_ratio) as first_ratio,
            max(second_ratio) as second_ratio,
            -- Residuals are shares of the whole, too small for twelve decimals: percent of percent of them.
            sqrt(
                cast(count(*) as double) / nullif(count(*) - 1, 0)
                * {{ spotiflow.exact_sum('residual * residual') }}
            ) / {{ spotiflow.residual_scale() }} as standard_error
        from (
            select
                *,
                (
                    (first_part - first_ratio * first_whole) / first_total
                    - (second_part - second_ratio * second_whole) / second_total
                ) * {{ spotiflow.residual_scale() }} as residual
            from (
                select
                    *,
                    {{ total.format('first_part') }} / nullif({{ total.format('first_whole') }}, 0) as first_ratio,
                    {{ total.format('second_part') }} / nullif({{ total.format('second_whole') }}, 0) as second_ratio,
                    {{ total.format('first_whole') }} as first_total,
                    {{ total.format('second_whole') }} as second_total
                from {{ clusters }}
            ) as with_totals
            where
                first_total > 0
                and second_total > 0
        ) as with_residuals
        group by
            {{ group }},
            cluster_kind
    ) as estimates
    left join {{ steps }} as steps
        on
            estimates.cluster_kind = steps.cluster_kind
            and estimates.clusters >= steps.clusters_from
            and (steps.clusters_before is null or estimates.clusters < steps.clusters_before)
{%- endmacro %}

{#- By how much residuals are enlarged before they are squared and added up to twelve decimals. -#}
{% macro residual_scale() -%}
    (100 * 100.0)
{%- endmacro %}
