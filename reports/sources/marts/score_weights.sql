select
    version,
    score,
    audio_feature,
    weight,
    inverted
from score_weights
order by version, score, audio_feature
