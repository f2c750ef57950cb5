{#-
    The hour (0-23) that clocks at a place show when the clock of UTC shows `column`.
    `column`: a UTC timestamp without zone; `timezone`: an IANA name (column or quoted literal).
-#}
{% macro local_hour(column, timezone) -%}
    {{ return(adapter.dispatch('local_hour', 'spotiflow')(column, timezone)) }}
{%- endmacro %}

{% macro default__local_hour(column, timezone) -%}
    cast(extract(hour from ({{ column }} at time zone 'UTC') at time zone {{ timezone }}) as integer)
{%- endmacro %}

{% macro spark__local_hour(column, timezone) -%}
    hour(from_utc_timestamp({{ column }}, {{ timezone }}))
{%- endmacro %}
