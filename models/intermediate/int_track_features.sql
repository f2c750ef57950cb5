with

audio_features as (

    select * from {{ ref('stg_audio_features__audio_features') }}
    where is_found

),

providers as (select * from {{ ref('feature_providers') }}),

track_aliases as (select * from {{ ref('track_aliases') }}),

tracks as (select * from {{ ref('int_tracks') }}),

listed_names as (select * from {{ ref('stg_spotify__tracks') }}),

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

found_by_id as (

    select * from ordered
    where provider_order = 1

),

-- What lists know whole, by title and artist: Spotify gives one recording several ids, and a list holds one of them.
-- Of several tracks of one name the first by id.
listed as (

    select
        canonical.*,
        {{ title_key('listed_names.track_name', 'listed_names.artist_name') }} as title_key,
        row_number() over (
            partition by {{ title_key('listed_names.track_name', 'listed_names.artist_name') }}
            order by
                canonical.provider_priority nulls last,
                canonical.provider,
                canonical.track_id
        ) as title_order
    from canonical
    inner join providers
        on canonical.provider = providers.provider
    inner join listed_names
        on
            canonical.track_id = listed_names.track_id
            and canonical.provider = listed_names.provider
    where
        canonical.has_all_features
        and not providers.is_asked_by_track
        and {{ normalised_title('listed_names.track_name') }} is not null
        and {{ normalised_title('listed_names.artist_name') }} is not null

),

-- Only a track that no provider knows whole by its id: a name is a weaker sign than an id.
found_by_title as (

    select
        tracks.track_id as matched_track_id,
        listed.*
    from tracks
    inner join listed
        on
            {{ title_key('tracks.track_name', 'tracks.artist_name') }} = listed.title_key
            and listed.title_order = 1
    left join found_by_id
        on tracks.track_id = found_by_id.canonical_track_id
    where not coalesce(found_by_id.has_all_features, false)

),

final as (

    select
        found_by_id.canonical_track_id as track_id,
        found_by_id.provider,
        found_by_id.matched_by,
        found_by_id.track_id as measured_track_id,
        found_by_id.has_all_features,
        {%- for feature in audio_features() %}
        {{ percent('found_by_id.' ~ feature) }} as {{ feature }}_pct{% if not loop.last %},{% endif %}
        {%- endfor %}
    from found_by_id
    left join found_by_title
        on found_by_id.canonical_track_id = found_by_title.matched_track_id
    where found_by_title.matched_track_id is null

    union all

    select
        matched_track_id as track_id,
        provider,
        'title_and_artist' as matched_by,
        track_id as measured_track_id,
        has_all_features,
        {%- for feature in audio_features() %}
        {{ percent(feature) }} as {{ feature }}_pct{% if not loop.last %},{% endif %}
        {%- endfor %}
    from found_by_title

)

select * from final
