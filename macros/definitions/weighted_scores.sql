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
    select
        {%- for key in keys %}
        {{ features }}.{{ key }},
        {%- endfor %}
        {{ features }}.score_weights_version,
        shares.score,
        -- One feature after the other, so that adding up gives the same to the last bit every time.
        (
            {%- for feature in spotiflow.audio_features() %}
            {% if not loop.first %}+ {% endif -%}
            case
                when shares.{{ feature }}_weight = 0 then 0
                when shares.is_{{ feature }}_inverted then shares.{{ feature }}_weight * (100 - {{ features }}.{{ feature }}_pct)
                else shares.{{ feature }}_weight * {{ features }}.{{ feature }}_pct
            end
            {%- endfor %}
        ) / nullif(
            {%- for feature in spotiflow.audio_features() %}
            {% if not loop.first %}+ {% endif %}shares.{{ feature }}_weight
            {%- endfor %},
            0
        ) as score_value
    from {{ features }}
    inner join (
        select
            version,
            score,
            {%- for feature in spotiflow.audio_features() %}
            sum(case when audio_feature = '{{ feature }}' then weight else 0 end) as {{ feature }}_weight,
            bool_or(audio_feature = '{{ feature }}' and inverted) as is_{{ feature }}_inverted
            {%- if not loop.last %},{% endif %}
            {%- endfor %}
        from {{ weights }}
        -- A feature with weight zero plays no part, so it may be missing too.
        where weight <> 0
        group by
            version,
            score
    ) as shares
        on {{ features }}.score_weights_version = shares.version
{%- endmacro %}

{#- Out of the long form, one score's value (or its change) as a column of its own; use with GROUP BY the keys. -#}
{% macro score_column(score, value='score_value') -%}
    max(case when score = '{{ score }}' then {{ value }} end)
{%- endmacro %}
