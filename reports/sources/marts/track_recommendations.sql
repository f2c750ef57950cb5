-- Where each song was among the recommendations that a prediction is made of; one part per group of songs
select
    left(md5(r.track_id), 1) as part,
    r.track_id,
    r.recommender,
    r.seed_track_id,
    s.track_name as seed_track_name,
    count(*) as answers,
    count(*) filter (where r.is_listened_after) as answers_listened_after,
    count(*) filter (where r.is_new_to_listener) as answers_new_to_listener
from fct_recommendations as r
left join dim_tracks as s on s.track_id = r.seed_track_id
where r.is_prediction
    and r.top_song_number is not null
group by
    part,
    r.track_id,
    r.recommender,
    r.seed_track_id,
    seed_track_name
order by part, r.track_id, answers desc, r.recommender, r.seed_track_id
