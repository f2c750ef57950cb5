-- A returned row is a play whose local date is more than a day away from its UTC date: no time zone does that.
select
    play_id,
    played_at,
    listening_date
from {{ ref('fct_plays') }}
where abs({{ days_between('cast(played_at as date)', 'listening_date') }}) > 1
