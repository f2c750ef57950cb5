select
    anchor,
    table_name,
    docs_anchor
from glossary_tables
order by anchor, table_name
