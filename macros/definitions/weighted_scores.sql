{#-
    A select that scores each row of `features`: the long form, one row per key and score, for every score that the
    seed score_weights defines in the row's version.

    score_value = sum(weight * x) / sum(weight), where x is the feature in percent, or 100 - x when it enters inverted.
    Null when one of the features that the score weighs is missing: a mean of what happens to be there would
    compare different things.

    `features`: a relation with the keys, score_weights_version and the seven `_pct` columns;
    `weights`: a relation shaped like the seed score_weights; `keys`: the columns that identify a row of `features`.
-#}
{% macro weighted_scores(features, weights, keys) -%}
    {%- set value = spotiflow.feature_pct(weights ~ '.audio_feature', features) -%}
    {%- set value_or_rest -%}
        case when {{ weights }}.inverted then 100 - ({{ value }}) else {{ value }} end
    {%- endset -%}
    select
        {%- for key in keys %}
        {{ features }}.{{ key }},
        {%- endfor %}
        {{ features }}.score_weights_version,
        {{ weights }}.score,
        case
            when count({{ value }}) = count(*)
                then sum({{ weights }}.weight * {{ value_or_rest }}) / nullif(sum({{ weights }}.weight), 0)
        end as score_value
    from {{ features }}
    -- A feature with weight zero plays no part, so it may be missing too.
    inner join {{ weights }}
        on
            {{ features }}.score_weights_version = {{ weights }}.version
            and {{ weights }}.weight <> 0
    group by
        {%- for key in keys %}
        {{ features }}.{{ key }},
        {%- endfor %}
        {{ features }}.score_weights_version,
        {{ weights }}.score
{%- endmacro %}

{#- Out of the long form, one score's value (or its change) as a column of its own; use with GROUP BY the keys. -#}
{% macro score_column(score, value='score_value') -%}
    max(case when score = '{{ score }}' then {{ value }} end)
{%- endmacro %}
