-- A returned row is a predicted valence that is not the mean over the recommendations marked as prediction, or an
-- actual one that is not the song's own.
with

recommendations as (

    select * from {{ ref('fct_recommendations') }}
    where is_prediction

),

means as (

    select
        recommendations.recommender,
        recommendations.user_id,
        recommendations.week_start,
        recommendations.seed_track_id,
        sum(recommendations.valence_pct) / count(*) as predicted_pct,
        count(*) as scored_recommendations
    from recommendations
    where {{ has_all_features('recommendations', '_pct') | indent(4) }}
    group by
        recommendations.recommender,
        recommendations.user_id,
        recommendations.week_start,
        recommendations.seed_track_id

),

similarity as (

    select * from {{ ref('fct_feature_similarity') }}
    where audio_feature = 'valence'

),

tracks as (

    select * from {{ ref('dim_tracks') }}
    where has_all_features

)

select
    similarity.recommender,
    similarity.user_id,
    similarity.week_start,
    similarity.top_song_number,
    similarity.predicted_pct,
    means.predicted_pct as mean_pct
from similarity
left join means
    on
        similarity.recommender = means.recommender
        and similarity.user_id = means.user_id
        and similarity.week_start = means.week_start
        and similarity.seed_track_id = means.seed_track_id
left join tracks
    on similarity.seed_track_id = tracks.track_id
where
    coalesce(means.scored_recommendations, 0) <> similarity.scored_recommendations
    or (means.predicted_pct is null) <> (similarity.predicted_pct is null)
    or abs(means.predicted_pct - similarity.predicted_pct) > 0.000001
    or (tracks.valence_pct is null) <> (similarity.actual_pct is null)
    or abs(tracks.valence_pct - similarity.actual_pct) > 0.000001
