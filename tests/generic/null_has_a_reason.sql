{#-
    A returned row lacks a value without saying why, or says why though the value is there: each of the columns must
    be null exactly when the column `reason` says something. With `reasons`: exactly when it says one of these.
-#}
{% test null_has_a_reason(model, columns, reason, reasons=none) %}

select
    {{ reason }},
    {%- for column in columns %}
    {{ column }}{% if not loop.last %},{% endif %}
    {%- endfor %}
from {{ model }}
where
    {%- for column in columns %}
    ({{ column }} is null) <> {% if reasons is none -%}
        ({{ reason }} is not null)
    {%- else -%}
        coalesce({{ reason }} in ('{{ reasons | join("', '") }}'), false)
    {%- endif %}
    {%- if not loop.last %}
    or{% endif %}
    {%- endfor %}

{% endtest %}
