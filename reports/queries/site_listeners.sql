select
    count(*)::double as listeners,
    (count(*) filter (where is_sample))::double as sample_listeners
from marts.dim_users
