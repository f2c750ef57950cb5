with

plays as (

    select * from {{ ref('fct_plays') }}

),

track_features as (

    select * from {{ ref('int_track_features') }}
    where has_all_features

),

by_provider as (

    select
        plays.user_id,
        coalesce(track_features.provider, 'none') as provider,
        count(distinct plays.track_id) as tracks,
        count(case when plays.is_listen then 1 end) as listens,
        coalesce({{ minutes('sum(plays.listened_ms)') }}, 0) as minutes_listened
    from plays
    left join track_features
        on plays.track_id = track_features.track_id
    group by
        plays.user_id,
        coalesce(track_features.provider, 'none')

),

final as (

    select
        user_id,
        provider,
        tracks,
        listens,
        minutes_listened,
        cast(listens as double) / nullif(sum(listens) over (partition by user_id), 0) * 100 as listens_share_pct
    from by_provider

)

select * from final
