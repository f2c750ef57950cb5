with

engagement as (select * from {{ ref('int_engagement_by_track') }}),

track_deciles as (select * from {{ ref('int_track_deciles') }}),

interval_steps as (select * from {{ ref('int_interval_steps') }}),

by_track as (

    select
        track_deciles.measure_kind,
        track_deciles.measure,
        track_deciles.measure_order,
        track_deciles.measure_pct,
        track_deciles.decile,
        engagement.*
    from engagement
    inner join track_deciles
        on engagement.track_id = track_deciles.track_id

),

deciles as (

    select
        measure_kind,
        measure,
        measure_order,
        decile,
        min(measure_pct) as decile_from_pct,
        max(measure_pct) as decile_to_pct,
        count(distinct track_id) as tracks,
        cast(sum(plays) as bigint) as plays,
        cast(sum(listens) as bigint) as listens,
        count(distinct user_id) as listeners,
        {{ minutes('sum(listened_ms)') }} as minutes_listened,
        sum(exported_plays) as exported_plays,
        {%- for outcome in engagement_outcomes() %}
        cast(sum({{ outcome.known }}) as bigint) as {{ outcome.known }},
        {%- endfor %}
        {{ interval_scope('max(cluster_kind)') }} as interval_scope
    from by_track
    group by
        measure_kind,
        measure,
        measure_order,
        decile

),

clusters as (

    {% for outcome in engagement_outcomes() -%}
    select
        measure_kind,
        measure,
        decile,
        '{{ outcome.name }}' as outcome,
        cluster_kind,
        cluster_id,
        {{ exact_sum(outcome.part) }} as part,
        cast(sum({{ outcome.known }}) as double) as whole
    from by_track
    group by
        measure_kind,
        measure,
        decile,
        cluster_kind,
        cluster_id
    {%- if not loop.last %}

    union all

    {% endif %}
    {%- endfor %}

),

estimates as (

    {{ ratio_estimates('clusters', ['measure_kind', 'measure', 'decile', 'outcome'], 'interval_steps') | indent(4) }}

),

-- A share lies between 0 and 100, and so does what it may be. (Not by least() and greatest(): they would make 0 and 100
-- of an interval that there is not.)
shares as (

    select
        measure_kind,
        measure,
        decile,
        outcome,
        ratio as share_pct,
        case when interval_low < 0 then 0 else interval_low end as low_pct,
        case when interval_high > 100 then 100 else interval_high end as high_pct
    from estimates

),

wide_shares as (

    select
        measure_kind,
        measure,
        decile,
        {%- for outcome in engagement_outcomes() %}
        max(case when outcome = '{{ outcome.name }}' then share_pct end) as {{ outcome.column }}_pct,
        max(case when outcome = '{{ outcome.name }}' then low_pct end) as {{ outcome.column }}_low_pct,
        max(case when outcome = '{{ outcome.name }}' then high_pct end) as {{ outcome.column }}_high_pct
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from shares
    group by
        measure_kind,
        measure,
        decile

),

final as (

    select
        deciles.measure_kind,
        deciles.measure,
        cast(deciles.measure_order as bigint) as measure_order,
        deciles.decile,
        deciles.decile_from_pct,
        deciles.decile_to_pct,
        deciles.tracks,
        deciles.plays,
        deciles.listens,
        deciles.listeners,
        deciles.minutes_listened,
        deciles.completion_known_plays,
        wide_shares.completion_pct,
        {{ completion_null_reason() | indent(8) }} as completion_null_reason,
        wide_shares.completion_low_pct,
        wide_shares.completion_high_pct,
        case when wide_shares.completion_low_pct is null then 'not enough data' end
            as completion_interval_null_reason,
        deciles.skip_known_plays,
        wide_shares.skip_rate_pct,
        {{ skip_null_reason() | indent(8) }} as skip_rate_null_reason,
        wide_shares.skip_rate_low_pct,
        wide_shares.skip_rate_high_pct,
        case when wide_shares.skip_rate_low_pct is null then 'not enough data' end
            as skip_rate_interval_null_reason,
        deciles.repeat_known_listens,
        wide_shares.repeat_rate_pct,
        case
            when deciles.listens = 0 then 'no listens'
            when deciles.repeat_known_listens = 0 then 'not observed long enough'
        end as repeat_rate_null_reason,
        wide_shares.repeat_rate_low_pct,
        wide_shares.repeat_rate_high_pct,
        case when wide_shares.repeat_rate_low_pct is null then 'not enough data' end
            as repeat_rate_interval_null_reason,
        deciles.interval_scope
    from deciles
    left join wide_shares
        on
            deciles.measure_kind = wide_shares.measure_kind
            and deciles.measure = wide_shares.measure
            and deciles.decile = wide_shares.decile

)

select * from final
