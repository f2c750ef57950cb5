with

tracks as (select * from {{ ref('int_tracks') }}),

track_features as (select * from {{ ref('int_track_features') }}),

answers as (select * from {{ ref('stg_audio_features__audio_features') }}),

providers as (select * from {{ ref('feature_providers') }}),

track_aliases as (select * from {{ ref('track_aliases') }}),

-- Services are asked track by track, and remember that they do not know one.
asked_tracks as (

    select distinct coalesce(track_aliases.canonical_track_id, answers.track_id) as track_id
    from answers
    left join track_aliases
        on answers.track_id = track_aliases.track_id

),

-- A list that somebody loaded was searched for every track there is.
lists as (

    select count(*) as rows_in_lists
    from answers
    inner join providers
        on answers.provider = providers.provider
    where not providers.is_asked_by_track

),

final as (

    select
        tracks.track_id,
        track_features.provider,
        coalesce(track_features.has_all_features, false) as has_all_features,
        case
            when track_features.has_all_features then null
            when track_features.track_id is not null then 'some features missing'
            when asked_tracks.track_id is not null or lists.rows_in_lists > 0 then 'unknown to every provider asked'
            else 'never asked'
        end as features_null_reason
    from tracks
    cross join lists
    left join track_features
        on tracks.track_id = track_features.track_id
    left join asked_tracks
        on tracks.track_id = asked_tracks.track_id

)

select * from final
