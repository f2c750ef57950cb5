with

audio_features as (

    select * from {{ ref('stg_audio_features__audio_features') }}
    where is_found

),

providers as (

    select * from {{ ref('feature_providers') }}

),

track_aliases as (

    select * from {{ ref('track_aliases') }}

),

canonical as (

    select
        audio_features.*,
        coalesce(track_aliases.canonical_track_id, audio_features.track_id) as canonical_track_id,
        case when track_aliases.canonical_track_id is null then 0 else 1 end as is_alias,
        providers.priority as provider_priority,
        {{ has_all_features('audio_features') | indent(8) }} as has_all_features
    from audio_features
    left join track_aliases
        on audio_features.track_id = track_aliases.track_id
    left join providers
        on audio_features.provider = providers.provider

),

-- One provider a track, never a mix: the first by priority that knows all seven features, else the first that
-- knows any.
ordered as (

    select
        *,
        row_number() over (
            partition by canonical_track_id
            order by
                case when has_all_features then 0 else 1 end,
                provider_priority nulls last,
                provider,
                is_alias,
                track_id
        ) as provider_order
    from canonical

),

final as (

    select
        canonical_track_id as track_id,
        provider,
        has_all_features,
        {%- for feature in audio_features() %}
        {{ percent(feature) }} as {{ feature }}_pct{% if not loop.last %},{% endif %}
        {%- endfor %}
    from ordered
    where provider_order = 1

)

select * from final
