select
    anchor,
    kind,
    kind_order,
    term,
    label,
    unit,
    text_html,
    docs_anchor
from glossary
order by kind_order, lower(label), anchor
