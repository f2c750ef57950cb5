"""The types of the rows that the site's pages receive: TypeScript, made from the published tables' contracts.

The published tables are created empty, with the types and constraints of their YAML; the site's sources and the
pages' queries are described on top of them, as Evidence would run them. `svelte-check` holds components to the result.
"""

from __future__ import annotations

import csv
import re
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from spotiflow.console import CommandError
from spotiflow.publish import publish
from spotiflow.publish.gate import GateVerdict
from spotiflow.publish.tables import published_nodes
from spotiflow.settings import Settings, shown

_ROWS = Path("reports/types/rows.d.ts")
_PAGES = Path("reports/types/Pages.svelte")
_HEADER = "Written by `spotiflow contracts types`, and never by hand."
# What Evidence makes of DuckDB's types: every number is a double
_TYPES = {"VARCHAR": "string", "BOOLEAN": "boolean", "DATE": "Date", "TIMESTAMP": "Date"}
_NUMBERS = ("DOUBLE", "BIGINT", "INTEGER", "HUGEINT", "UBIGINT", "DECIMAL", "FLOAT")
_WIDTH = 118


@dataclass(frozen=True)
class Column:
    """A column of a query: its TypeScript type, and whether it may be null."""

    kind: str
    nullable: bool

    def __str__(self) -> str:
        return f"{self.kind} | null" if self.nullable else self.kind


_Query = dict[str, Column]


def write(settings: Settings, manifest: Any) -> list[Path]:
    """Write the types anew; returns the files."""
    for path, content in _files(settings, manifest).items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return list(_files(settings, manifest))


def check(settings: Settings, manifest: Any) -> None:
    """Raises CommandError when the types are not those of the contracts, sources and pages as they are now."""
    for path, content in _files(settings, manifest).items():
        if not path.exists() or path.read_text(encoding="utf-8") != content:
            raise CommandError(f"{shown(path)} is out of date. Run `spotiflow contracts types`.")


def shared_and_pages(settings: Settings, manifest: Any) -> tuple[dict[str, _Query], dict[str, dict[str, _Query]]]:
    """The queries that pages share, and those of each page, with their columns."""
    with duckdb.connect(":memory:") as connection:
        _create_marts(connection, settings, manifest)
        reports = settings.root / "reports"
        shared = {
            path.stem: _described(connection, path.read_text(encoding="utf-8"), path)
            for path in sorted((reports / "queries").glob("*.sql"))
        }
        pages = {
            path.stem: {
                name: _described(connection, sql, path)
                for name, sql in re.findall(r"```sql (\w+)\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
            }
            for path in sorted((reports / "pages").glob("*.md"))
        }
    return shared, pages


def _files(settings: Settings, manifest: Any) -> dict[Path, str]:
    shared, pages = shared_and_pages(settings, manifest)
    folder = settings.root / "reports" / "pages"
    texts = {name: (folder / f"{name}.md").read_text(encoding="utf-8") for name in pages}
    return {
        settings.root / _ROWS: _as_types(shared, pages),
        settings.root / _PAGES: _as_component(settings, texts),
    }


def _create_marts(connection: duckdb.DuckDBPyConnection, settings: Settings, manifest: Any) -> None:
    """The published tables, empty, and on top of them the sources as Evidence hands them to pages."""
    connection.execute("attach ':memory:' as published; create schema memory.marts; use published")
    for node in published_nodes(manifest).values():
        optional = _optional_in_seed(settings, node)
        columns = ", ".join(
            f'"{column.name}" {column.data_type}{"" if column.name in optional else " not null"}'
            for column in node.columns.values()
        )
        is_latest = node.resource_type == "model" and node.version == node.latest_version
        for name in {node.alias, node.name} if is_latest else {node.alias}:
            connection.execute(f"create table {name} ({columns})")
    publish.write_about(connection, set(), GateVerdict("", "", ""), manifest)
    for path in sorted((settings.root / "reports" / "sources" / "marts").glob("*.sql")):
        described = _described(connection, path.read_text(encoding="utf-8"), path)
        sql = {"string": "varchar", "number": "double", "boolean": "boolean", "Date": "timestamp"}
        columns = ", ".join(
            f'"{name}" {sql[column.kind]}{"" if column.nullable else " not null"}' for name, column in described.items()
        )
        connection.execute(f"create table memory.marts.{path.stem} ({columns})")
    connection.execute("use memory")


def _optional_in_seed(settings: Settings, node: Any) -> set[str]:
    """Columns that may be null: those without the constraint, or, of a seed, those with an empty cell."""
    if node.resource_type != "seed":
        return {
            column.name
            for column in node.columns.values()
            if not any(str(getattr(one.type, "value", one.type)) == "not_null" for one in column.constraints)
        }
    with (settings.root / node.original_file_path).open(encoding="utf-8", newline="") as file:
        return {name for row in csv.DictReader(file) for name, cell in row.items() if not cell}


def _described(connection: duckdb.DuckDBPyConnection, sql: str, path: Path) -> _Query:
    """The columns of a query, whatever the page's inputs are."""
    sql = re.sub(r"--.*", "", sql)
    sql = re.sub(r"'[^']*\$\{[^']*'|\$\{[^}]*\}", "''", sql)
    try:
        rows = connection.execute(f"describe {sql}").fetchall()
    except duckdb.Error as error:
        raise CommandError(f"{shown(path)} does not fit the published tables: {error}") from None
    required = _required(connection, sql)
    return {
        name: Column("number" if kind.startswith(_NUMBERS) else _TYPES[kind], nullable=name not in required)
        for name, kind, *_ in rows
    }


def _required(connection: duckdb.DuckDBPyConnection, sql: str) -> set[str]:
    """Columns that are never null. Reads the house style: one column per line, `as` before an alias."""
    nullable: dict[tuple[str, str], bool] = {
        (table, column): may_be_null
        for table, column, may_be_null in connection.execute(
            "select table_name, column_name, is_nullable = 'YES' from information_schema.columns"
        ).fetchall()
    }
    required: set[str] = set()
    for select in re.split(r"^\s*select\b|\bselect(?= \w+\()", sql, flags=re.MULTILINE)[1:]:
        joined = re.findall(r"\b(from|(?:left )?join) (?:marts\.)?(\w+)(?: as (\w+))?", select)
        tables = {alias or table: (table, kind == "left join") for kind, table, alias in joined}
        for line in re.split(r"\bfrom\b", select)[0].split("\n"):
            expression, _, alias = line.strip().rstrip(",").partition(" as ")
            name = alias or expression.rpartition(".")[2]
            if _is_required(expression, tables, nullable, required):
                required.add(name)
            else:
                required.discard(name)
    return required


def _is_required(
    expression: str,
    tables: dict[str, tuple[str, bool]],
    nullable: dict[tuple[str, str], bool],
    of_ctes: set[str],
) -> bool:
    """Whether an expression is never null: what counts, what has a default, and what is made of required columns."""
    if re.match(r"\(?count\(", expression) or re.fullmatch(r"coalesce\(.*, 0\)(::\w+)?", expression):
        return True
    if "filter (" in expression:
        return False
    for alias, column in re.findall(r"(?:\b(\w+)\.)?\b([a-z_]\w*)\b(?!\()", re.sub(r"'[^']*'|::\w+", "", expression)):
        candidates = [tables.get(alias, ("", True))] if alias else list(tables.values())
        known = [(table, is_left) for table, is_left in candidates if (table, column) in nullable]
        if any(is_left or nullable[table, column] for table, is_left in known):
            return False
        if not known and (column not in of_ctes or any(is_left for _, is_left in candidates)):
            return False
    return True


def _as_types(shared: dict[str, _Query], pages: dict[str, dict[str, _Query]]) -> str:
    lines = [
        f"// Rows of the pages' queries. {_HEADER}",
        "declare namespace Rows {",
        *_interface("Shared", shared),
        *(line for page, queries in pages.items() for line in _interface(f"{_pascal(page)} extends Shared", queries)),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _interface(name: str, queries: dict[str, _Query]) -> list[str]:
    lines = [f"\tinterface {name} {{"]
    for query, columns in queries.items():
        # One word for each column, so that no line ends within one
        words = [f"{column}: {kind};".replace(" ", "\0") for column, kind in columns.items()]
        lines += _wrapped(f"{query}: {{ {' '.join(words)} }};", "\t\t")
    return [*lines, "\t}"]


def _as_component(settings: Settings, texts: dict[str, str]) -> str:
    """Every page's component with the page's queries, so that svelte-check sees what the Markdown passes."""
    reports = settings.root / "reports"
    files = {path.stem: path.relative_to(reports).as_posix() for path in (reports / "components").rglob("*.svelte")}
    used = [
        (page, component, properties.split())
        for page, text in texts.items()
        for component, properties in re.findall(r"^<([A-Z]\w+)\s([^>]*)/>", text, re.MULTILINE)
    ]
    lines = [
        f"<!-- Shows svelte-check what each page hands to its component; never rendered. {_HEADER} -->",
        "<script>",
        *(f"\timport {component} from '../{files[component]}';" for _, component, _ in used),
        *(f"\t/** @type {{Queries<Rows.{_pascal(page)}>}} */ export let {_pascal(page)}Rows;" for page, _, _ in used),
        "</script>",
        "",
    ]
    for page, component, properties in used:
        given = [re.sub(r"^\{(\w+)\}$", r"\1={\1}", one) for one in properties]
        given = [re.sub(r"=\{(\w+)\}$", rf"={{{_pascal(page)}Rows.\1}}", one) for one in given]
        lines += _wrapped(f"<{component} {' '.join(given)} />", "")
    return "\n".join(lines) + "\n"


def _wrapped(text: str, indent: str) -> list[str]:
    width = _WIDTH - 3 * len(indent)  # a tab is as wide as four
    lines = textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=f"{indent}\t", break_long_words=False)
    return [line.replace("\0", " ") for line in lines]


def _pascal(page: str) -> str:
    return "".join(part.capitalize() for part in page.split("-"))
