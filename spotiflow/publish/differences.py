"""What differs between two published files: which tables, which columns, in how many rows.

It shows that a changed definition changed nothing else. Values are compared exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from spotiflow.formatting import columns, count

if TYPE_CHECKING:
    import duckdb

# When and from what it was published: different in every file.
_ALWAYS_ANOTHER = {"publication"}


@dataclass
class Difference:
    """How one table differs."""

    table: str
    rows: int = 0  # in both files
    added: int = 0  # rows that only the later file has
    removed: int = 0
    changed: dict[str, int] = field(default_factory=dict)  # column → rows in which it has another value
    new_columns: list[str] = field(default_factory=list)
    gone_columns: list[str] = field(default_factory=list)

    @property
    def lines(self) -> Iterator[str]:
        """One line for each kind of difference."""
        for column, rows in self.changed.items():
            yield f"{column} differs in {rows:,} of {count(self.rows, 'row')}"
        for number, word in ((self.added, "new"), (self.removed, "gone")):
            if number:
                yield f"{count(number, 'row')} {word}"
        for names, word in ((self.new_columns, "new"), (self.gone_columns, "gone")):
            if names:
                yield f"{'column' if len(names) == 1 else 'columns'} {', '.join(names)} {word}"


@dataclass
class Differences:
    """How two published files differ."""

    tables: list[Difference]
    same: int  # tables without a difference
    new_tables: list[str]
    gone_tables: list[str]

    @property
    def lines(self) -> list[str]:
        """What to print: one block per table."""
        rows = []
        for table in self.tables:
            rows += [(table.table if place == 0 else "", line) for place, line in enumerate(table.lines)]
        rows += [(name, "table is new") for name in self.new_tables]
        rows += [(name, "table is gone") for name in self.gone_tables]
        return columns(rows)


def keys(root: Path) -> dict[str, list[str]]:
    """Table → columns that identify a row, from the `is_key` tests in the project's YAML."""
    found: dict[str, list[str]] = {}
    for path in sorted([*(root / "models").rglob("*.yml"), *(root / "seeds").rglob("*.yml")]):
        content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        for node in [*content.get("models", []), *content.get("seeds", [])]:
            key = next((test["is_key"]["arguments"]["columns"] for test in _tests(node) if "is_key" in test), None)
            if key is not None:
                versions = [f"{node['name']}_v{version['v']}" for version in node.get("versions", [])]
                found |= dict.fromkeys([node["name"], *versions], key)
    return found


def _tests(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for holder in (node, *node.get("versions", [])):
        yield from (test for test in holder.get("data_tests", []) if isinstance(test, dict))


def compare(before: Path, after: Path, table_keys: Mapping[str, list[str]]) -> Differences:
    """Compare two published files.

    `table_keys`: columns that identify a row of a table; a table without is compared as whole rows. Raises
    duckdb.Error when a file is not a published file.
    """
    import duckdb

    with duckdb.connect() as connection:
        for name, path in (("before", before), ("after", after)):
            connection.execute(f"attach '{str(path).replace(chr(39), chr(39) * 2)}' as {name} (read_only)")
        old, new = (_columns(connection, name) for name in ("before", "after"))
        found = []
        same = 0
        for table in sorted((old.keys() & new.keys()) - _ALWAYS_ANOTHER):
            difference = _compare_table(connection, table, old[table], new[table], table_keys.get(table, []))
            if any(difference.lines):
                found.append(difference)
            else:
                same += 1
        return Differences(found, same, sorted(new.keys() - old.keys()), sorted(old.keys() - new.keys()))


def _columns(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, list[str]]:
    rows = connection.execute(
        f"""
        select table_name, column_name from duckdb_columns()
        where database_name = '{database}' and schema_name = 'main' order by table_name, column_index
        """
    ).fetchall()
    tables: dict[str, list[str]] = {}
    for table, column in rows:
        tables.setdefault(table, []).append(column)
    return tables


def _compare_table(
    connection: duckdb.DuckDBPyConnection, table: str, old: list[str], new: list[str], key: list[str]
) -> Difference:
    both = [column for column in old if column in new]
    result = Difference(
        table,
        new_columns=[column for column in new if column not in old],
        gone_columns=[column for column in old if column not in new],
    )
    # Without a key each row is its own key: it is either in both files, or new and gone.
    identity = key if key and set(key) <= set(both) else both
    values = [column for column in both if column not in identity]
    # Equal rows are distinguished by their number.
    numbered = f"*, row_number() over (partition by {_listed(identity)}) as copy"
    sides = {name: f"(select {numbered} from {name}.main.{_quoted(table)})" for name in ("before", "after")}
    matching = " and ".join(
        f"one.{_quoted(column)} is not distinct from other.{_quoted(column)}" for column in identity
    )
    counted = ", ".join(
        f"count(*) filter (one.copy is not null and other.copy is not null "
        f"and one.{_quoted(column)} is distinct from other.{_quoted(column)})"
        for column in values
    )
    row = connection.execute(
        f"""
        select
            count(*) filter (one.copy is not null and other.copy is not null),
            count(*) filter (one.copy is null),
            count(*) filter (other.copy is null){", " + counted if counted else ""}
        from {sides["before"]} as one
        full outer join {sides["after"]} as other on {matching} and one.copy = other.copy
        """
    ).fetchall()[0]
    result.rows, result.added, result.removed = row[:3]
    result.changed = {column: rows for column, rows in zip(values, row[3:], strict=True) if rows}
    return result


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _listed(names: list[str]) -> str:
    return ", ".join(_quoted(name) for name in names)
