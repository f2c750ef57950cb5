-- depends on the variables definitions_known_at and definitions_as_of: see dbt_project.yml
{%- set known_at = definition_date('definitions_known_at') %}
{%- set as_of = definition_date('definitions_as_of') %}

with

versions as (select * from {{ ref('definition_versions') }}),

known as (

    select *
    from versions
    {% if known_at -%}
    where recorded_on <= cast('{{ known_at }}' as date)
    {%- endif %}

),

-- A version is valid until the next of its family begins.
dated as (

    select
        family,
        version,
        valid_from,
        lead(valid_from) over (
            partition by family
            order by valid_from, recorded_on, version
        ) as valid_before
    from known

),

marked as (

    select
        family,
        version,
        valid_from,
        valid_before,
        valid_from <= cast('{{ definitions_current_on() }}' as date)
        and (valid_before is null or valid_before > cast('{{ definitions_current_on() }}' as date)) as is_current
    from dated

),

final as (

    {% if as_of -%}
    -- One day's versions for all history: each counts from the very beginning, without an end.
    select
        family,
        version,
        (select min(earliest.valid_from) from known as earliest) as valid_from,
        cast(null as date) as valid_before,
        is_current
    from marked
    where is_current
    {%- else -%}
    select
        family,
        version,
        valid_from,
        valid_before,
        is_current
    from marked
    {%- endif %}

)

select * from final
