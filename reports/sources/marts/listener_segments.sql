-- All listeners, with their display name and segments
select
    s.user_id,
    u.display_name,
    s.listens,
    s.dominant_vibe,
    s.dominant_vibe_listens,
    s.dominant_vibe_share_pct,
    s.dominant_sound_cluster,
    s.dominant_sound_cluster_listens,
    s.dominant_sound_cluster_share_pct,
    s.features_null_reason,
    s.dominant_genre,
    s.dominant_genre_listens,
    s.dominant_genre_share_pct,
    s.genre_null_reason
from listener_segments as s
inner join dim_users as u on u.user_id = s.user_id
order by u.display_name, s.user_id
