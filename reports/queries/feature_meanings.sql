select
    audio_feature,
    feature_order,
    label,
    meaning
from marts.audio_features
order by feature_order
