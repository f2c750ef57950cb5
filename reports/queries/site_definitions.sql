-- The versions that the newest days on the site were built with
select
    max(score_weights_version) as score_weights,
    max(vibe_thresholds_version) as vibe_thresholds,
    max(listen_rules_version) as listen_rules
from marts.weekly_listening
where week_start = (select max(week_start) from marts.weekly_listening)
