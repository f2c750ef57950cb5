{#- The rows of a raw table that completed loads wrote: a load that is still running, or was killed, is not read. -#}
{% macro completed_loads(source_name, table) -%}
    select *
    from {{ source(source_name, table) }}
    where _dlt_load_id in (
        select loads.load_id
        from {{ source('spotiflow', '_dlt_loads') }} as loads
        where loads.status = 0
    )
{%- endmacro %}
