select
    audio_feature,
    feature_order,
    label,
    meaning
from audio_features
order by feature_order
