with

listener_tracks as (select * from {{ ref('int_listener_tracks') }}),

track_feature_status as (select * from {{ ref('int_track_feature_status') }}),

-- The provider of features that count: one that knows some of the seven explains nothing.
grouped as (

    select
        listener_tracks.user_id,
        case when track_feature_status.has_all_features then track_feature_status.provider end as provider,
        track_feature_status.features_null_reason,
        count(*) as tracks,
        cast(sum(listener_tracks.listens) as bigint) as listens,
        {{ minutes('sum(listener_tracks.listened_ms)') }} as minutes_listened
    from listener_tracks
    inner join track_feature_status
        on listener_tracks.track_id = track_feature_status.track_id
    group by
        listener_tracks.user_id,
        case when track_feature_status.has_all_features then track_feature_status.provider end,
        track_feature_status.features_null_reason

),

with_all_listens as (

    select
        *,
        sum(listens) over (partition by user_id) as listens_of_listener
    from grouped

),

final as (

    select
        user_id,
        coalesce(provider, features_null_reason) as provider_or_reason,
        provider,
        features_null_reason,
        tracks,
        listens,
        minutes_listened,
        {{ share_pct('listens', 'listens_of_listener') }} as listens_share_pct,
        case when listens_of_listener = 0 then 'no listens' end as listens_share_null_reason
    from with_all_listens

)

select * from final
