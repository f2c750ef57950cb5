with

similarities as (select * from {{ ref('int_predicted_features') }}),

track_features as (

    select * from {{ ref('int_track_features') }}
    where has_all_features

),

draws as (select * from {{ ref('int_random_draws') }}),

-- Chance depends on the song, its provider and the number of scored tracks, not on the recommender.
asked as (

    select distinct
        seed_track_id,
        actual_provider as provider,
        scored_recommendations
    from similarities
    where is_same_provider

),

songs as (

    select
        asked.seed_track_id,
        asked.provider,
        asked.scored_recommendations,
        -- The id under which the pool knows the song.
        case
            when track_features.matched_by = 'title_and_artist' then track_features.measured_track_id
            else track_features.track_id
        end as pool_track_id,
        {%- for feature in audio_features() %}
        track_features.{{ feature }}_pct{% if not loop.last %},{% endif %}
        {%- endfor %}
    from asked
    inner join track_features
        on asked.seed_track_id = track_features.track_id

),

own_draws as (

    select distinct
        provider,
        draw,
        left_out_track_id
    from draws

),

-- From a draw that holds the song itself, the song is left out.
songs_and_draws as (

    select
        songs.seed_track_id,
        songs.provider,
        songs.scored_recommendations,
        songs.pool_track_id,
        all_draws.draw,
        coalesce(own_draws.left_out_track_id, 'none') as left_out_track_id,
        {%- for feature in audio_features() %}
        songs.{{ feature }}_pct{% if not loop.last %},{% endif %}
        {%- endfor %}
    from songs
    inner join own_draws as all_draws
        on
            songs.provider = all_draws.provider
            and all_draws.left_out_track_id = 'none'
    left join own_draws
        on
            songs.provider = own_draws.provider
            and songs.pool_track_id = own_draws.left_out_track_id
            and all_draws.draw = own_draws.draw

),

final as (

    select
        songs_and_draws.seed_track_id,
        songs_and_draws.provider,
        songs_and_draws.scored_recommendations,
        count(*) as draws,
        {%- for feature in audio_features() %}
        {{ exact_mean('abs(draws.' ~ feature ~ '_pct - songs_and_draws.' ~ feature ~ '_pct)') }} as {{ feature }}_pct
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from songs_and_draws
    inner join draws
        on
            songs_and_draws.provider = draws.provider
            and songs_and_draws.draw = draws.draw
            and songs_and_draws.left_out_track_id = draws.left_out_track_id
            and songs_and_draws.scored_recommendations = draws.tracks
    group by
        songs_and_draws.seed_track_id,
        songs_and_draws.provider,
        songs_and_draws.scored_recommendations

)

select * from final
