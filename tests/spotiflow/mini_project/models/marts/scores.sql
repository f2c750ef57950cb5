select plays.play_id, plays.points * weights.weight as score
from {{ ref('stg_plays') }} as plays
cross join {{ ref('weights') }} as weights
