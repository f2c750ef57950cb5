{#-
    A returned row is a group of rows, by the columns `by`, whose sums are not those of the same group in `to`. `sums`
    names each and gives two expressions, over this model and over `to`; a group that one side lacks counts as zeros.
    `tolerance` forgives what adding doubles may lose.
-#}
{% test adds_up_to(model, to, by, sums, where='true', to_where='true', tolerance=0.000001) %}

select
    {%- for column in by %}
    coalesce(here.{{ column }}, there.{{ column }}) as {{ column }},
    {%- endfor %}
    {%- for name in sums %}
    here.{{ name }},
    there.{{ name }} as expected_{{ name }}{% if not loop.last %},{% endif %}
    {%- endfor %}
from (
    select
        {{ by | join(', ') }}
        {%- for name, expressions in sums.items() %},
        {{ expressions[0] }} as {{ name }}
        {%- endfor %}
    from {{ model }}
    where {{ where }}
    group by {{ by | join(', ') }}
) as here
full outer join (
    select
        {{ by | join(', ') }}
        {%- for name, expressions in sums.items() %},
        {{ expressions[1] }} as {{ name }}
        {%- endfor %}
    from {{ to }}
    where {{ to_where }}
    group by {{ by | join(', ') }}
) as there
    on {% for column in by %}{% if not loop.first %} and {% endif %}here.{{ column }} = there.{{ column }}{% endfor %}
where
    {%- for name in sums %}
    abs(coalesce(here.{{ name }}, 0) - coalesce(there.{{ name }}, 0)) > {{ tolerance }}
    {%- if not loop.last %} or{% endif %}
    {%- endfor %}

{% endtest %}
