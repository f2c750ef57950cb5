-- The weeks for which each recommender was asked, per listener
select
    recommender,
    user_id,
    min(week_start)::varchar as first_week,
    max(week_start)::varchar as last_week
from fct_recommendations
where is_prediction
    and top_song_number is not null
group by recommender, user_id
order by recommender, user_id
