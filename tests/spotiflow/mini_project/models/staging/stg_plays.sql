select play_id, {{ doubled('points') }} as points from {{ source('raw_spotify', 'plays') }}
