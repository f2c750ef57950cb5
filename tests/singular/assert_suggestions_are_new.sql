-- A returned row is a suggestion that the listener has played already, under this id or under another one with the same
-- title and artist, or that its recommender did not make.
with

suggestions as (select * from {{ ref('next_songs') }}),

played as (

    select distinct
        plays.user_id,
        plays.track_id,
        lower(tracks.track_name) as title,
        lower(tracks.artist_name) as artist
    from {{ ref('fct_plays') }} as plays
    inner join {{ ref('dim_tracks') }} as tracks
        on plays.track_id = tracks.track_id

),

recommendations as (select * from {{ ref('fct_recommendations') }})

select
    suggestions.user_id,
    suggestions.suggestion_number,
    suggestions.track_id,
    'played' as problem
from suggestions
inner join played
    on
        suggestions.user_id = played.user_id
        and (
            suggestions.track_id = played.track_id
            or (lower(suggestions.track_name) = played.title and lower(suggestions.artist_name) = played.artist)
        )

union all

select
    suggestions.user_id,
    suggestions.suggestion_number,
    suggestions.track_id,
    'not recommended' as problem
from suggestions
left join recommendations
    on
        suggestions.user_id = recommendations.user_id
        and suggestions.week_start = recommendations.week_start
        and suggestions.top_song_number = recommendations.top_song_number
        and suggestions.seed_track_id = recommendations.seed_track_id
        and suggestions.track_id = recommendations.track_id
        and suggestions.recommender = recommendations.recommender
        and suggestions.position = recommendations.position
where recommendations.user_id is null
