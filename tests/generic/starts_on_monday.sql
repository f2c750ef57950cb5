{#- A returned row has a date in the column that is not the Monday of its own ISO week. -#}
{% test starts_on_monday(model, column) %}

select distinct {{ column }}
from {{ model }}
where {{ column }} <> {{ spotiflow.week_start(column) }}

{% endtest %}
