-- A returned row is an audio feature that stands in the seed but has no columns in the models, or the other way round.
with

columns_of_models as (
    {% for feature in audio_features() %}
    select '{{ feature }}' as audio_feature
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

audio_features as (select * from {{ ref('audio_features') }})

select
    audio_features.audio_feature as in_seed,
    columns_of_models.audio_feature as in_models
from audio_features
full outer join columns_of_models
    on audio_features.audio_feature = columns_of_models.audio_feature
where
    audio_features.audio_feature is null
    or columns_of_models.audio_feature is null
