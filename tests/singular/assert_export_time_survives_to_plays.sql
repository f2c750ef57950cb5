-- A returned row is a listener for whom plays or milliseconds of the extended exports got lost, or multiplied,
-- on the way to fct_plays.
with

exported as (

    select
        user_id,
        count(*) as plays,
        sum(listened_ms) as listened_ms
    from {{ ref('stg_spotify__streaming_history') }}
    where
        content_kind = 'track'
        and coalesce(export_format, '') <> 'account_data'
    group by user_id

),

counted as (

    select
        user_id,
        count(*) as plays,
        sum(listened_ms) as listened_ms
    from {{ ref('fct_plays') }}
    where source = 'extended_export'
    group by user_id

)

select
    coalesce(exported.user_id, counted.user_id) as user_id,
    exported.plays as exported_plays,
    counted.plays as counted_plays,
    exported.listened_ms as exported_ms,
    counted.listened_ms as counted_ms
from exported
full outer join counted
    on exported.user_id = counted.user_id
where
    exported.user_id is null
    or counted.user_id is null
    or exported.plays <> counted.plays
    or exported.listened_ms <> counted.listened_ms
