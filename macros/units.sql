{#- Milliseconds to minutes, as a double. -#}
{% macro minutes(milliseconds) -%}
    cast({{ milliseconds }} as double) / (60 * 1000)
{%- endmacro %}

{#- Minutes that `minutes` made, as whole milliseconds again: sums of these are exact. -#}
{% macro milliseconds(minutes) -%}
    cast(round({{ minutes }} * (60 * 1000)) as bigint)
{%- endmacro %}

{#- A day of 24 hours, in milliseconds. -#}
{% macro milliseconds_a_day() -%}
    24 * 60 * 60 * 1000
{%- endmacro %}

{#- A 0-1 audio feature as marts show it: 0-100. Null stays null. -#}
{% macro percent(share) -%}
    {{ share }} * 100
{%- endmacro %}

{#- The Monday of a date's ISO week. -#}
{% macro week_start(date) -%}
    cast({{ dbt.date_trunc('week', date) }} as date)
{%- endmacro %}

{#- `date` moved by whole days, as a date. -#}
{% macro add_days(date, days) -%}
    cast({{ dbt.dateadd('day', days, date) }} as date)
{%- endmacro %}

{#- An id made of values that must not be null; the separator keeps ('a', 'bc') and ('ab', 'c') apart. -#}
{% macro hashed_id(values) -%}
    {%- set texts = [] -%}
    {%- for value in values -%}
        {%- do texts.append("cast(" ~ value ~ " as " ~ dbt.type_string() ~ ")") -%}
    {%- endfor -%}
    {{ dbt.hash(texts | join(" || '|' || ")) }}
{%- endmacro %}

{#-
    The mean of a value (between -999,999 and 999,999; nulls are left out), exact to twelve decimals. Unlike that of
    doubles, a sum of decimals is the same in whatever order rows arrived and on however many threads they are added
    up: the same listening gives the same numbers, to the last bit.
-#}
{% macro exact_mean(value) -%}
    cast(sum(cast({{ value }} as decimal(18, 12))) as double) / count({{ value }})
{%- endmacro %}

{#- The sum of a value, exact to twelve decimals: like exact_mean the same in whatever order rows are added up. -#}
{% macro exact_sum(value) -%}
    cast(sum(cast({{ value }} as decimal(38, 12))) as double)
{%- endmacro %}

{#- A date or number as text, for sentences. `decimals`: how many a number is rounded to; none: as it is. -#}
{% macro as_text(value, decimals=none) -%}
    {%- if decimals is none -%}
    cast({{ value }} as {{ dbt.type_string() }})
    {%- else -%}
    cast(cast({{ value }} as decimal(18, {{ decimals }})) as {{ dbt.type_string() }})
    {%- endif -%}
{%- endmacro %}
