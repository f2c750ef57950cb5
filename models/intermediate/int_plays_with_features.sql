{{ config(materialized='view') }}

with

plays as (select * from {{ ref('int_plays') }}),

-- Only a track with all seven features makes a scored listen.
scored_tracks as (

    select * from {{ ref('int_track_features') }}
    where has_all_features

),

-- A play that is no listen gets no features: means run over scored listens. (As a condition of the join, is_listen
-- would cost ten times as much.)
plays_and_listens as (

    select
        *,
        case when is_listen then track_id end as listened_track_id
    from plays

),

final as (

    select
        plays_and_listens.*,
        scored_tracks.track_id as scored_track_id,
        {%- for feature in audio_features() %}
        scored_tracks.{{ feature }}_pct{% if not loop.last %},{% endif %}
        {%- endfor %}
    from plays_and_listens
    left join scored_tracks
        on plays_and_listens.listened_track_id = scored_tracks.track_id

)

select * from final
