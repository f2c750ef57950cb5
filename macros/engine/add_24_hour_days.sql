{#- A timestamp moved by so many days of 24 hours; `days` is a column or an expression, not necessarily whole. -#}
{% macro add_24_hour_days(timestamp, days) -%}
    {{ return(adapter.dispatch('add_24_hour_days', 'spotiflow')(timestamp, days)) }}
{%- endmacro %}

{% macro default__add_24_hour_days(timestamp, days) -%}
    {{ timestamp }} + to_milliseconds(cast({{ days }} * {{ spotiflow.milliseconds_a_day() }} as bigint))
{%- endmacro %}

{% macro spark__add_24_hour_days(timestamp, days) -%}
    timestamp_millis(unix_millis({{ timestamp }}) + cast({{ days }} * {{ spotiflow.milliseconds_a_day() }} as bigint))
{%- endmacro %}
