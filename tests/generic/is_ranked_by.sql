{#- A returned row is numbered after one of its partition that it exceeds: by the first of `columns`, then the second. -#}
{% test is_ranked_by(model, number, partition_by, columns) %}

select *
from (
    select
        {{ partition_by | join(', ') }},
        {{ number }},
        {%- for column in columns %}
        {{ column }},
        lag({{ column }}) over (
            partition by {{ partition_by | join(', ') }}
            order by {{ number }}
        ) as {{ column }}_before{% if not loop.last %},{% endif %}
        {%- endfor %}
    from {{ model }}
) as numbered
where
    {{ columns[0] }} > {{ columns[0] }}_before
    or ({{ columns[0] }} = {{ columns[0] }}_before and {{ columns[1] }} > {{ columns[1] }}_before)

{% endtest %}
