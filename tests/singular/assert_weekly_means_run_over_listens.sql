-- A returned row is a listener's week whose mean of a feature is not the mean of its days weighted by their scored
-- listens, or whose completion is not that of its days weighted by the plays of which it is known.
with

days as (

    select
        user_id,
        week_start,
        {%- for feature in audio_features() %}
        sum({{ feature }}_pct * scored_listens) / nullif(sum(scored_listens), 0) as {{ feature }}_pct,
        {%- endfor %}
        sum(completion_pct * completion_known_plays) / nullif(sum(completion_known_plays), 0) as completion_pct
    from {{ ref('daily_listening') }}
    group by
        user_id,
        week_start

),

weeks as (select * from {{ ref('weekly_listening') }})

select
    weeks.user_id,
    weeks.week_start
from weeks
inner join days
    on
        weeks.user_id = days.user_id
        and weeks.week_start = days.week_start
where
    abs(weeks.completion_pct - days.completion_pct) > 0.000001
    or (weeks.completion_pct is null) <> (days.completion_pct is null)
    {%- for feature in audio_features() %}
    or abs(weeks.{{ feature }}_pct - days.{{ feature }}_pct) > 0.000001
    or (weeks.{{ feature }}_pct is null) <> (days.{{ feature }}_pct is null)
    {%- endfor %}
