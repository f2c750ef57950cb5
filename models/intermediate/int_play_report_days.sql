{#- A match reaches as far as the tolerance, an estimate as far as a track is long: both less than a day. Two days on
    either side leave room for the one to move the other. -#}
{%- set days_of_influence = 2 %}

with

reports as (

    select * from {{ ref('int_play_reports') }}

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

-- What is merged on a day hangs on the reports of that day and of those around it.
final as (

    select
        user_id,
        ended_on,
        reports,
        sum(day_fingerprint) over (
            partition by user_id
            order by day_number
            range between {{ days_of_influence }} preceding and {{ days_of_influence }} following
        ) as fingerprint_of_days_around
    from days

)

select * from final
