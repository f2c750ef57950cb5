{#- A match reaches as far as the tolerance, an estimate as far as a track is long: both less than a day. Two days on
    either side leave room for one to affect the other. -#}
{%- set days_of_influence = 2 %}

with

reports as (select * from {{ ref('int_play_reports') }}),

merge_rules as (

    select sum(cast({{ fingerprint(['rule', 'value']) }} as decimal(38, 0))) as rules_fingerprint
    from {{ ref('play_merge_rules') }}

),

versions as (

    select * from {{ ref('int_definition_versions') }}
    where family = 'listen_rules'

),

listen_rules as (

    select
        versions.valid_from,
        versions.valid_before,
        {{ fingerprint([
            'listen_rules.version', 'listen_rules.minimum_listened_ms', 'listen_rules.minimum_track_share'
        ]) }} as rule_fingerprint
    from versions
    left join {{ ref('listen_rules') }} as listen_rules
        on versions.version = listen_rules.version

),

with_fingerprint as (

    select
        user_id,
        cast(ended_at as date) as ended_on,
        {{ fingerprint([
            'source', 'reported_uri', 'timezone', 'track_id', 'match_key', 'ended_at', 'listened_ms', 'is_skipped',
            'duration_ms'
        ]) }} as report_fingerprint
    from reports

),

days as (

    select
        user_id,
        ended_on,
        {{ days_between("cast('1970-01-01' as date)", 'ended_on') }} as day_number,
        count(*) as reports,
        sum(cast(report_fingerprint as decimal(38, 0))) as day_fingerprint
    from with_fingerprint
    group by
        user_id,
        ended_on

),

-- A day's plays depend on its own reports and on those of the days around it.
days_around as (

    select
        user_id,
        ended_on,
        reports,
        sum(day_fingerprint) over (
            partition by user_id
            order by day_number
            range between {{ days_of_influence }} preceding and {{ days_of_influence }} following
        ) as reports_fingerprint
    from days

),

-- A UTC date can lie in two local weeks, and those under two listen rules.
dates as (

    select distinct
        ended_on,
        {{ week_start(add_days('ended_on', -1)) }} as earliest_week,
        {{ week_start(add_days('ended_on', 1)) }} as latest_week
    from days

),

rules_of_dates as (

    select
        dates.ended_on,
        earliest.rule_fingerprint as earliest_rule_fingerprint,
        latest.rule_fingerprint as latest_rule_fingerprint
    from dates
    left join listen_rules as earliest
        on
            dates.earliest_week >= earliest.valid_from
            and (earliest.valid_before is null or dates.earliest_week < earliest.valid_before)
    left join listen_rules as latest
        on
            dates.latest_week >= latest.valid_from
            and (latest.valid_before is null or dates.latest_week < latest.valid_before)

),

final as (

    select
        days_around.user_id,
        days_around.ended_on,
        days_around.reports,
        {{ fingerprint([
            'days_around.reports_fingerprint', 'merge_rules.rules_fingerprint',
            'rules_of_dates.earliest_rule_fingerprint', 'rules_of_dates.latest_rule_fingerprint'
        ]) }} as inputs_fingerprint
    from days_around
    cross join merge_rules
    inner join rules_of_dates
        on days_around.ended_on = rules_of_dates.ended_on

)

select * from final
