{#- A returned row is one for which the expression is false. Unknown (null) passes. -#}
{% test holds_for_every_row(model, expression) %}

select *
from {{ model }}
where not ({{ expression }})

{% endtest %}
