{#- The logarithm to the base 2. -#}
{% macro binary_logarithm(value) -%}
    (ln({{ value }}) / ln(2))
{%- endmacro %}
