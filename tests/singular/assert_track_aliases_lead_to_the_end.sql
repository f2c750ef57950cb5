-- A returned row is an alias of a track that is itself an alias: listening would be counted under two ids.
select
    aliases.track_id,
    aliases.canonical_track_id
from {{ ref('track_aliases') }} as aliases
left join {{ ref('track_aliases') }} as further
    on aliases.canonical_track_id = further.track_id
where
    further.track_id is not null
    or aliases.canonical_track_id is null
