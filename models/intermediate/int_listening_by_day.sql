with

plays as (

    select * from {{ ref('fct_plays') }}

),

-- Only a track with all seven features makes a scored listen.
scored_tracks as (

    select * from {{ ref('int_track_features') }}
    where has_all_features

),

calendar as (

    select * from {{ ref('int_definition_calendar') }}

),

-- A play that is no listen gets no features: the means below run over scored listens. (As a condition of the
-- join, is_listen would cost ten times as much.)
plays_and_listens as (

    select
        *,
        case when is_listen then track_id end as listened_track_id
    from plays

),

summed as (

    select
        plays_and_listens.user_id,
        plays_and_listens.listening_date,
        plays_and_listens.week_start,
        count(*) as plays,
        count(plays_and_listens.listened_track_id) as listens,
        count(distinct plays_and_listens.listened_track_id) as unique_tracks,
        coalesce({{ minutes('sum(plays_and_listens.listened_ms)') }}, 0) as minutes_listened,
        count(scored_tracks.track_id) as scored_listens,
        {%- for feature in audio_features() %}
        avg(scored_tracks.{{ feature }}_pct) as {{ feature }}_pct{% if not loop.last %},{% endif %}
        {%- endfor %}
    from plays_and_listens
    left join scored_tracks
        on plays_and_listens.listened_track_id = scored_tracks.track_id
    group by
        plays_and_listens.user_id,
        plays_and_listens.listening_date,
        plays_and_listens.week_start

),

final as (

    select
        summed.*,
        calendar.score_weights_version
    from summed
    inner join calendar
        on summed.week_start = calendar.week_start

)

select * from final
