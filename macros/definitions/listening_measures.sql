{#-
    In a select over groups of plays (`int_plays_with_features`): what is counted, summed and averaged for a day, a
    week or an artist alike. Counts and minutes run over plays; means of features over scored listens; skips and
    completion over the plays of which they are known.
-#}
{% macro listening_measures() -%}
count(*) as plays,
count(listened_track_id) as listens,
count(distinct listened_track_id) as unique_tracks,
cast(coalesce(sum(listened_ms), 0) as bigint) as listened_ms,
{{ spotiflow.minutes('coalesce(sum(listened_ms), 0)') }} as minutes_listened,
count(scored_track_id) as scored_listens,
{%- for feature in spotiflow.audio_features() %}
{{ spotiflow.exact_mean(feature ~ '_pct') }} as {{ feature }}_pct,
{%- endfor %}
count(case when is_skipped then 1 end) as skipped_plays,
count(is_skipped) as skip_known_plays,
count(case when listened_ms_source = 'export' then 1 end) as exported_plays,
count(completion_pct) as completion_known_plays,
{{ spotiflow.exact_mean('completion_pct') }} as completion_pct
{%- endmacro %}

{#- The same columns of a relation that was joined from the left: where it has no row, nothing was played. -#}
{% macro listening_measures_or_zero(relation) -%}
{%- for column in ['plays', 'listens', 'unique_tracks', 'listened_ms', 'minutes_listened', 'scored_listens'] %}
coalesce({{ relation }}.{{ column }}, 0) as {{ column }},
{%- endfor %}
{%- for feature in spotiflow.audio_features() %}
{{ relation }}.{{ feature }}_pct,
{%- endfor %}
{%- for column in ['skipped_plays', 'skip_known_plays', 'exported_plays', 'completion_known_plays'] %}
coalesce({{ relation }}.{{ column }}, 0) as {{ column }},
{%- endfor %}
{{ relation }}.completion_pct
{%- endmacro %}

{#- A part in percent of the whole, as a double; null when the whole is zero or missing. -#}
{% macro share_pct(part, whole) -%}
cast({{ part }} as double) / nullif({{ whole }}, 0) * 100
{%- endmacro %}

{#- Why a group of plays has no means of features, no scores and no vibe; null when it has them. -#}
{% macro score_null_reason() -%}
case
    when plays = 0 then 'nothing played'
    when listens = 0 then 'no listens'
    when scored_listens = 0 then 'no audio features'
end
{%- endmacro %}

{#- Why a track has no scores and no vibe; null when it has them. `has_all_features`: whether all seven are known. -#}
{% macro track_score_null_reason(has_all_features) -%}
case when not {{ has_all_features }} then 'no audio features' end
{%- endmacro %}

{#- Why a group of plays has no skip rate; null when it has one. -#}
{% macro skip_null_reason() -%}
case
    when plays = 0 then 'nothing played'
    when skip_known_plays = 0 then 'skips not recorded'
end
{%- endmacro %}

{#- Why a group of plays has no completion; null when it has one. -#}
{% macro completion_null_reason() -%}
case
    when plays = 0 then 'nothing played'
    when exported_plays = 0 then 'estimated durations'
    when completion_known_plays = 0 then 'unknown track lengths'
end
{%- endmacro %}
