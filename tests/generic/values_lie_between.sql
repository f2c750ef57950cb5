{#-
    A returned row has a value below `minimum` or above `maximum` (either may be left out) in one of the columns, or
    one that is not a number. Nulls pass. `tolerance` forgives what floating point adds to a mean of equal values.
-#}
{% test values_lie_between(model, columns, minimum=none, maximum=none, tolerance=0.000001) %}

select
    {%- for column in columns %}
    {{ column }}{% if not loop.last %},{% endif %}
    {%- endfor %}
from {{ model }}
where
    {%- for column in columns %}
    {%- if minimum is not none %}
    {{ column }} < {{ minimum }} - {{ tolerance }} or
    {%- endif %}
    {#- "Not a number" counts as larger than any number, on every engine. #}
    {{ column }} > {% if maximum is not none %}{{ maximum }} + {{ tolerance }}{% else %}1e308{% endif %} or
    {%- endfor %}
    false

{% endtest %}
