{#-
    The seven audio features that have a column of their own in wide models, in the order pages show them. What
    they are is said in the seed audio_features; a test keeps the two equal.
-#}
{% macro audio_features() -%}
    {{ return([
        'danceability', 'energy', 'liveness', 'acousticness', 'instrumentalness', 'speechiness', 'valence',
    ]) }}
{%- endmacro %}

{#- Percent of the feature that `name` (a column holding a feature's name) names, out of a wide relation. -#}
{% macro feature_pct(name, relation) -%}
    case {{ name }}
        {%- for feature in spotiflow.audio_features() %}
        when '{{ feature }}' then {{ relation }}.{{ feature }}_pct
        {%- endfor %}
    end
{%- endmacro %}

{#- True when the seven features of a relation with 0-1 (or percent, by `suffix`) columns are all there. -#}
{% macro has_all_features(relation, suffix='') -%}
    (
        {%- for feature in spotiflow.audio_features() %}
        {{ relation }}.{{ feature }}{{ suffix }} is not null{% if not loop.last %} and{% endif %}
        {%- endfor %}
    )
{%- endmacro %}
