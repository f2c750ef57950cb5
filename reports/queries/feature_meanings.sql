select
    audio_feature,
    label,
    meaning
from marts.audio_features
order by feature_order
