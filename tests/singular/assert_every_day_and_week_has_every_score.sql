-- A returned row is a listener's day or week that lacks a row for a score that its version of the weights defines, or a
-- score that is there though its version does not define it.
with

defined as (

    select distinct
        version,
        score
    from {{ ref('score_weights') }}
    where weight > 0

),

expected as (

    select
        'day' as grain,
        days.user_id,
        days.listening_date as first_date,
        defined.score
    from {{ ref('daily_listening') }} as days
    inner join defined
        on days.score_weights_version = defined.version

    union all

    select
        'week' as grain,
        weeks.user_id,
        weeks.week_start as first_date,
        defined.score
    from {{ ref('weekly_listening') }} as weeks
    inner join defined
        on weeks.score_weights_version = defined.version

),

found as (

    select
        'day' as grain,
        user_id,
        listening_date as first_date,
        score
    from {{ ref('daily_scores') }}

    union all

    select
        'week' as grain,
        user_id,
        week_start as first_date,
        score
    from {{ ref('weekly_scores') }}

)

select
    coalesce(expected.grain, found.grain) as grain,
    coalesce(expected.user_id, found.user_id) as user_id,
    coalesce(expected.first_date, found.first_date) as first_date,
    coalesce(expected.score, found.score) as score
from expected
full outer join found
    on
        expected.grain = found.grain
        and expected.user_id = found.user_id
        and expected.first_date = found.first_date
        and expected.score = found.score
where
    expected.score is null
    or found.score is null
