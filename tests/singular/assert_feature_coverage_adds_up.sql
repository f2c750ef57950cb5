-- A returned row is a listener whose listening by provider or reason does not add up to all of it, or whose shares do not
-- add up to 100.
with

coverage as (

    select
        user_id,
        sum(listens) as listens,
        sum(minutes_listened) as minutes_listened,
        sum(listens_share_pct) as share_pct
    from {{ ref('feature_coverage') }}
    group by user_id

),

users as (

    select * from {{ ref('dim_users') }}
    where plays > 0

)

select
    coalesce(users.user_id, coverage.user_id) as user_id,
    users.listens,
    coverage.listens as listens_by_provider,
    coverage.share_pct
from users
full outer join coverage
    on users.user_id = coverage.user_id
where
    users.user_id is null
    or coverage.user_id is null
    or users.listens <> coverage.listens
    or abs(users.minutes_listened - coverage.minutes_listened) > 0.000001
    or abs(coverage.share_pct - 100) > 0.000001
