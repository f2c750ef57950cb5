{#- A returned row is a partition whose numbers do not run 1, 2, 3 … each once. -#}
{% test is_numbered_from_one(model, column, partition_by) %}

select
    {%- for key in partition_by %}
    {{ key }},
    {%- endfor %}
    count(*) as numbers,
    count(distinct {{ column }}) as different_numbers,
    min({{ column }}) as first_number,
    max({{ column }}) as last_number
from {{ model }}
where {{ column }} is not null
group by
    {%- for key in partition_by %}
    {{ key }}{% if not loop.last %},{% endif %}
    {%- endfor %}
having
    min({{ column }}) <> 1
    or max({{ column }}) <> count(*)
    or count(distinct {{ column }}) <> count(*)

{% endtest %}
