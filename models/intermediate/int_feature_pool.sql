with

track_features as (select * from {{ ref('int_track_features') }}),

final as (

    select
        track_id,
        provider,
        {%- for feature in audio_features() %}
        {{ feature }}_pct{% if not loop.last %},{% endif %}
        {%- endfor %}
    from track_features
    -- What was found by title and artist has the values of another id, which is in the pool itself.
    where
        has_all_features
        and matched_by <> 'title_and_artist'

)

select * from final
