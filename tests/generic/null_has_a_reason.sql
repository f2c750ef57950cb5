{#-
    A returned row lacks a value without saying why, or says why though the value is there: each of the columns must
    be null exactly when the column `reason` says something. With `reasons`: exactly when it says one of these. With
    `some_may_be_known`: the reason is for several values, of which some may be there.
-#}
{% test null_has_a_reason(model, columns, reason, reasons=none, some_may_be_known=false) %}

select
    {{ reason }},
    {%- for column in columns %}
    {{ column }}{% if not loop.last %},{% endif %}
    {%- endfor %}
from {{ model }}
where
    {%- for column in columns %}
    ({{ column }} is null) {{ '>' if some_may_be_known else '<>' }} {% if reasons is none -%}
        ({{ reason }} is not null)
    {%- else -%}
        coalesce({{ reason }} in ('{{ reasons | join("', '") }}'), false)
    {%- endif %}
    {%- if not loop.last %}
    or{% endif %}
    {%- endfor %}

{% endtest %}
