{#- Aggregate: the different texts of a column in one, in the order of the alphabet, with commas between. -#}
{% macro sorted_texts(column) -%}
    {{ return(adapter.dispatch('sorted_texts', 'spotiflow')(column)) }}
{%- endmacro %}

{% macro default__sorted_texts(column) -%}
    array_to_string(list_sort(list(distinct {{ column }})), ', ')
{%- endmacro %}

{% macro spark__sorted_texts(column) -%}
    array_join(array_sort(collect_set({{ column }})), ', ')
{%- endmacro %}
