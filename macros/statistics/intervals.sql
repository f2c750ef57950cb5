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

    `clusters`: a relation with one row a combination of keys and cluster: the keys, cluster_kind ('listeners' or
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
