with

recommendations as (

    select * from {{ ref('fct_recommendations') }}
    -- Neither the Top Song itself nor a repetition, and for what still is a Top Song.
    where
        position is not null
        and top_song_number is not null

),

users as (select * from {{ ref('dim_users') }}),

tracks as (select * from {{ ref('dim_tracks') }}),

listener_tracks as (select * from {{ ref('int_listener_tracks') }}),

audio_features as (select * from {{ ref('audio_features') }}),

-- Single tracks, always the same.
draws as (

    select * from {{ ref('int_random_draws') }}
    where
        tracks = 1
        and left_out_track_id = 'none'

),

constants as (

    select
        max(case when constant = 'next_songs' then value end) as next_songs,
        max(case when constant = 'next_songs_weeks' then value end) as next_songs_weeks
    from {{ ref('diagnostic_constants') }}

),

-- One recording has several ids: heard under one of them, it is not new under another.
recordings as (

    select
        track_id,
        coalesce({{ title_key('track_name', 'artist_name') }}, track_id) as recording
    from tracks

),

heard as (

    select distinct
        listener_tracks.user_id,
        recordings.recording
    from listener_tracks
    inner join recordings
        on listener_tracks.track_id = recordings.track_id

),

weeks as (

    select
        user_id,
        week_start,
        row_number() over (
            partition by user_id
            order by week_start desc
        ) as weeks_back
    from recommendations
    group by
        user_id,
        week_start

),

candidates as (

    select
        recommendations.*,
        recordings.recording
    from recommendations
    inner join weeks
        on
            recommendations.user_id = weeks.user_id
            and recommendations.week_start = weeks.week_start
    inner join constants
        on weeks.weeks_back <= constants.next_songs_weeks
    inner join recordings
        on recommendations.track_id = recordings.track_id
    left join heard
        on
            recommendations.user_id = heard.user_id
            and recordings.recording = heard.recording
    where heard.user_id is null

),

counted as (

    select
        user_id,
        recording,
        count(distinct seed_track_id) as recommended_for_songs,
        {{ sorted_texts('recommender') }} as recommenders
    from candidates
    group by
        user_id,
        recording

),

-- Of each recording the recommendation that puts it highest; of equals the latest week's, for the most listened song.
with_choice as (

    select
        *,
        row_number() over (
            partition by user_id, recording
            order by
                position asc,
                week_start desc,
                top_song_number asc,
                recommender asc,
                track_id asc
        ) as choice
    from candidates

),

-- How near the track itself comes to the song.
with_similarity as (

    select
        with_choice.*,
        counted.recommended_for_songs,
        counted.recommenders,
        case
            when tracks.has_all_features and seeds.has_all_features
                then 100 - {{ mean_difference('tracks', 'seeds') | indent(16) }}
        end as similarity_pct
    from with_choice
    inner join counted
        on
            with_choice.user_id = counted.user_id
            and with_choice.recording = counted.recording
    inner join tracks
        on with_choice.track_id = tracks.track_id
    inner join tracks as seeds
        on with_choice.seed_track_id = seeds.track_id
    where with_choice.choice = 1

),

-- Who names the same tracks whatever the song would win every count of songs: places count first.
numbered as (

    select
        *,
        row_number() over (
            partition by user_id
            order by
                position asc,
                recommended_for_songs desc,
                case when similarity_pct is null then 1 else 0 end asc,
                similarity_pct desc,
                track_id asc
        ) as suggestion_number
    from with_similarity

),

suggested as (

    select numbered.*
    from numbered
    inner join constants
        on numbered.suggestion_number <= constants.next_songs

),

-- Of the random tracks of the song's provider, how many lie nearer to the song in a feature. Plain differences would
-- name the features in which nearly all songs are alike, every time.
compared as (

    select
        suggested.user_id,
        {%- for feature in audio_features() %}
        max(tracks.{{ feature }}_pct) as {{ feature }}_pct,
        max(seeds.{{ feature }}_pct) as seed_{{ feature }}_pct,
        count(
            case
                when
                    abs(draws.{{ feature }}_pct - seeds.{{ feature }}_pct)
                    < abs(tracks.{{ feature }}_pct - seeds.{{ feature }}_pct)
                    then 1
            end
        ) as nearer_{{ feature }},
        {%- endfor %}
        suggested.suggestion_number
    from suggested
    inner join tracks
        on suggested.track_id = tracks.track_id
    inner join tracks as seeds
        on suggested.seed_track_id = seeds.track_id
    left join draws
        on seeds.provider = draws.provider
    where suggested.similarity_pct is not null
    group by
        suggested.user_id,
        suggested.suggestion_number

),

by_feature as (

    select
        compared.user_id,
        compared.suggestion_number,
        audio_features.audio_feature,
        audio_features.feature_order,
        {{ feature_pct('audio_features.audio_feature', 'compared') | indent(8) }} as track_pct,
        case audio_features.audio_feature
            {%- for feature in audio_features() %}
            when '{{ feature }}' then compared.seed_{{ feature }}_pct
            {%- endfor %}
        end as seed_pct,
        case audio_features.audio_feature
            {%- for feature in audio_features() %}
            when '{{ feature }}' then compared.nearer_{{ feature }}
            {%- endfor %}
        end as nearer_draws
    from compared
    cross join audio_features

),

numbered_features as (

    select
        *,
        row_number() over (
            partition by user_id, suggestion_number
            order by
                nearer_draws asc,
                abs(track_pct - seed_pct) asc,
                feature_order asc
        ) as feature_number
    from by_feature

),

closest as (

    select
        user_id,
        suggestion_number,
        {%- for number in [1, 2] %}
        max(case when feature_number = {{ number }} then audio_feature end) as closest_feature_{{ number }},
        max(case when feature_number = {{ number }} then seed_pct end) as closest_feature_{{ number }}_seed_pct,
        max(case when feature_number = {{ number }} then track_pct end) as closest_feature_{{ number }}_track_pct
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from numbered_features
    group by
        user_id,
        suggestion_number

),

final as (

    select
        suggested.user_id,
        suggested.suggestion_number,
        suggested.track_id,
        suggested.track_name,
        suggested.artist_name,
        not users.is_sample and {{ is_spotify_id('suggested.track_id') }} as has_spotify_page,
        tracks.positivity_score,
        tracks.vibe,
        {{ track_score_null_reason('tracks.has_all_features') }} as score_null_reason,
        suggested.recommender,
        suggested.recommenders,
        suggested.position,
        suggested.recommended_for_songs,
        suggested.week_start,
        suggested.top_song_number,
        suggested.seed_track_id,
        coalesce(seeds.track_name, 'Unknown title') as seed_track_name,
        coalesce(seeds.artist_name, 'Unknown artist') as seed_artist_name,
        suggested.similarity_pct,
        closest.closest_feature_1,
        closest.closest_feature_1_seed_pct,
        closest.closest_feature_1_track_pct,
        closest.closest_feature_2,
        closest.closest_feature_2_seed_pct,
        closest.closest_feature_2_track_pct,
        case
            when not tracks.has_all_features then 'no audio features'
            when not seeds.has_all_features then 'song has no audio features'
        end as closest_null_reason
    from suggested
    inner join users
        on suggested.user_id = users.user_id
    inner join tracks
        on suggested.track_id = tracks.track_id
    inner join tracks as seeds
        on suggested.seed_track_id = seeds.track_id
    left join closest
        on
            suggested.user_id = closest.user_id
            and suggested.suggestion_number = closest.suggestion_number

)

select * from final
