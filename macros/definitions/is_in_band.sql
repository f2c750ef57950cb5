{#-
    Whether a percentage lies in a band of the seed vibe_thresholds; the seed's flags say to which band an edge
    belongs. The value is rounded to 6 decimals first: a mean that should be 75 and comes out as 75.00000000000001
    belongs where 75 belongs. A null lies in no band.
-#}
{% macro is_in_band(value, bands) -%}
    {%- set rounded = 'round(' ~ value ~ ', 6)' -%}
    (
        {{ rounded }} > {{ bands }}.lower_pct
        or ({{ bands }}.lower_inclusive and {{ rounded }} = {{ bands }}.lower_pct)
    )
    and (
        {{ rounded }} < {{ bands }}.upper_pct
        or ({{ bands }}.upper_inclusive and {{ rounded }} = {{ bands }}.upper_pct)
    )
{%- endmacro %}
