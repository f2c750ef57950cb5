select
    coalesce(sum(listens), 0)::double as listens,
    coalesce(sum(listens) filter (where provider is not null), 0)::double as listens_with_features
from marts.feature_coverage
