{#- A returned row is a combination of the columns that occurs more than once, or that is not known in full. -#}
{% test is_key(model, columns) %}

select
    {%- for column in columns %}
    {{ column }},
    {%- endfor %}
    count(*) as occurrences
from {{ model }}
group by
    {%- for column in columns %}
    {{ column }}{% if not loop.last %},{% endif %}
    {%- endfor %}
having
    count(*) > 1
    {%- for column in columns %}
    or {{ column }} is null
    {%- endfor %}

{% endtest %}
