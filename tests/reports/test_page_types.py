"""The types of the rows that pages receive (reports/types/rows.d.ts) hold for the rows of a real site."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from tests.reports.conftest import BuiltSite

REPORTS = Path(__file__).parents[2] / "reports"
TYPES = {"VARCHAR": "string", "BOOLEAN": "boolean", "DATE": "Date", "TIMESTAMP": "Date"}


def _typed() -> dict[tuple[str, str], dict[str, str]]:
    """(page, query) -> column -> type, as written."""
    found = {}
    written = (REPORTS / "types" / "rows.d.ts").read_text(encoding="utf-8")
    for page, queries in re.findall(r"interface (\w+)[^{]*\{\n(.*?)\n\t\}", written, re.DOTALL):
        for query, columns in re.findall(r"^\t\t(\w+): \{(.*?)\};$", queries, re.DOTALL | re.MULTILINE):
            found[page, query] = dict(re.findall(r"(\w+):\s([^;]+);", columns))
    return found


def _queries() -> dict[tuple[str, str], str]:
    """(page, query) -> SQL for every listener, week and song at once."""
    found = {("Shared", path.stem): path.read_text(encoding="utf-8") for path in (REPORTS / "queries").glob("*.sql")}
    for path in (REPORTS / "pages").glob("*.md"):
        page = "".join(part.capitalize() for part in path.stem.split("-"))
        for query, sql in re.findall(r"```sql (\w+)\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL):
            found[page, query] = re.sub(r"\b(where|and) [^\n]*\$\{[^\n]*", r"\1 true", sql)
    return found


@pytest.fixture(scope="module")
def marts(built_site: BuiltSite) -> duckdb.DuckDBPyConnection:
    """The sources' rows, every number a double as in Evidence."""
    connection = duckdb.connect(":memory:")
    connection.execute(f"attach '{built_site.published}' as published (read_only)")
    connection.execute("create schema memory.marts; use published")
    for source in (REPORTS / "sources" / "marts").glob("*.sql"):
        connection.execute(f"create table memory.marts.{source.stem} as {source.read_text(encoding='utf-8')}")
    return connection.execute("use memory")


def test_every_query_has_its_types() -> None:
    assert set(_typed()) == set(_queries())


@pytest.mark.parametrize(("page", "query"), sorted(_queries()))
def test_rows_have_their_types(marts: duckdb.DuckDBPyConnection, page: str, query: str) -> None:
    sql, typed = _queries()[page, query], _typed()[page, query]
    described = {name: TYPES.get(kind, "number") for name, kind, *_ in marts.execute(f"describe {sql}").fetchall()}
    assert {name: kind.removesuffix(" | null") for name, kind in typed.items()} == described
    never_null = [name for name, kind in typed.items() if "null" not in kind]
    counts = ", ".join(f'count(*) filter (where "{name}" is null)' for name in never_null)
    nulls = marts.execute(f"select {counts} from ({sql})").fetchone() if never_null else ()
    assert {name: n for name, n in zip(never_null, nulls or (), strict=True) if n} == {}
