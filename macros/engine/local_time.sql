{#-
    What the clock at a place shows when that of UTC shows `column`, as a timestamp without zone.
    `column`: a UTC timestamp without zone; `timezone`: an IANA name (column or quoted literal).
    Daylight saving is the engine's business: 2026-03-29 00:59:59 UTC in Europe/London is 00:59:59, a second later 02:00.
-#}
{% macro local_time(column, timezone) -%}
    {{ return(adapter.dispatch('local_time', 'spotiflow')(column, timezone)) }}
{%- endmacro %}

{% macro default__local_time(column, timezone) -%}
    (({{ column }} at time zone 'UTC') at time zone {{ timezone }})
{%- endmacro %}

{% macro spark__local_time(column, timezone) -%}
    from_utc_timestamp({{ column }}, {{ timezone }})
{%- endmacro %}
