{#-
    How far two points lie apart in the space of the seven audio features, in percentage points: the square root of
    the sum of squared differences. `left` and `right`: relations with the seven `_pct` columns.
-#}
{% macro euclidean_distance(left, right) -%}
    sqrt(
        {%- for feature in spotiflow.audio_features() %}
        power({{ left }}.{{ feature }}_pct - {{ right }}.{{ feature }}_pct, 2){% if not loop.last %} +{% endif %}
        {%- endfor %}
    )
{%- endmacro %}

{#- The mean over the seven audio features of the absolute difference of two relations, in percentage points. -#}
{% macro mean_difference(left, right) -%}
    (
        {%- for feature in spotiflow.audio_features() %}
        abs({{ left }}.{{ feature }}_pct - {{ right }}.{{ feature }}_pct){% if not loop.last %} +{% endif %}
        {%- endfor %}
    ) / {{ spotiflow.audio_features() | length }}
{%- endmacro %}
