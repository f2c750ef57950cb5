{#-
    The calendar date at a place when the clock of UTC shows `column`.
    `column`: a UTC timestamp without zone; `timezone`: an IANA name (column or quoted literal).
    Daylight saving is the engine's business: 2026-03-29 00:59:59 UTC in Europe/London is still the 29th.
-#}
{% macro local_date(column, timezone) -%}
    {{ return(adapter.dispatch('local_date', 'spotiflow')(column, timezone)) }}
{%- endmacro %}

{% macro default__local_date(column, timezone) -%}
    cast(({{ column }} at time zone 'UTC') at time zone {{ timezone }} as date)
{%- endmacro %}

{% macro spark__local_date(column, timezone) -%}
    cast(from_utc_timestamp({{ column }}, {{ timezone }}) as date)
{%- endmacro %}
