"""Publishing: what passed the gate goes into a new DuckDB file, which takes the old one's place whole."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from extract.atomic_file import swap_in
from spotiflow.console import CommandError
from spotiflow.formatting import count, size
from spotiflow.locks import attach, is_alive
from spotiflow.publish import gate, glossary
from spotiflow.publish.tables import PublishedTable, published_tables
from spotiflow.settings import Settings

if TYPE_CHECKING:
    import duckdb

# Tables beside the marts that describe the published file and its contents.
_ABOUT = ("publication", "glossary", "glossary_tables")
_PRIVATE_SCHEMAS = {"raw_spotify", "raw_spotify_staging", "staging", "intermediate", "run_log"}


@dataclass(frozen=True)
class PublishResult:
    """What one publication wrote."""

    tables: int
    rows: int
    bytes: int

    @property
    def in_short(self) -> str:
        """`21 tables, 12,345 rows, 3.4 MB`."""
        return f"{count(self.tables, 'table')}, {count(self.rows, 'row')}, {size(self.bytes)}"


class Refused(CommandError):
    """The gate is closed; the message lists every reason and what to do."""

    def __init__(self, verdict: gate.GateVerdict) -> None:
        reasons = "\n".join(f"  - {reason.text}" for reason in verdict.reasons)
        super().__init__(f"Nothing was published:\n{reasons}\n" + "\n".join(verdict.remedies))
        self.verdict = verdict


def publish(
    settings: Settings, manifest: Any, at: Callable[[str], None] = lambda _: None, wait: bool = True
) -> PublishResult:
    """Publish the marts of the warehouse, if the gate lets them. Raises Refused, or CommandError.

    The new file is written aside, flushed to disk and renamed over the old one: at any moment, also after a
    crash, the published file is either the former one or the new one, complete.
    """
    remove_leftovers(settings.published)
    if not settings.warehouse.exists():
        raise CommandError(
            "There is nothing to publish: no listening is loaded yet.\n"
            "Run `spotiflow load sample`, or `spotiflow load export` with your own export, then `spotiflow refresh`."
        )
    import duckdb

    settings.published.parent.mkdir(parents=True, exist_ok=True)
    aside = settings.published.with_name(f".{settings.published.name}.{os.getpid()}.new")
    try:
        at("Checking what was built and tested")
        tables = published_tables(manifest)
        _check_schemas(tables)
        with duckdb.connect() as connection:
            # Attached from the check to the last copied row: nobody can change the warehouse in between.
            attach(connection, settings.warehouse, "warehouse", wait=wait, say=at)
            connection.execute("use warehouse; set TimeZone = 'UTC'")
            verdict = gate.judge(connection, manifest, settings.root)
            if not verdict.is_open:
                raise Refused(verdict)
            rows = _write(connection, manifest, tables, aside, verdict, at)
        written = aside.stat().st_size
        swap_in(aside, settings.published)
    finally:
        aside.unlink(missing_ok=True)
        Path(f"{aside}.wal").unlink(missing_ok=True)
    return PublishResult(tables=len(tables) + len(_ABOUT), rows=rows, bytes=written)


def remove_leftovers(published: Path) -> None:
    """Delete the unfinished files of publications that were killed."""
    pattern = re.compile(re.escape(f".{published.name}.") + r"(\d+)\.new(\.wal)?")
    for entry in published.parent.glob(f".{published.name}.*"):
        found = pattern.fullmatch(entry.name)
        if found and not is_alive(int(found[1])):
            entry.unlink(missing_ok=True)


def _check_schemas(tables: list[PublishedTable]) -> None:
    if not tables:
        raise CommandError("No model asks to be published. Set `config: {meta: {published: true}}` on the marts.")
    for table in tables:
        if table.schema in _PRIVATE_SCHEMAS:
            raise CommandError(
                f"{table.schema}.{table.identifier} is private: only marts and definitions can be published.\n"
                "Remove `published: true` from its configuration."
            )


def _write(
    connection: duckdb.DuckDBPyConnection,
    manifest: Any,
    tables: list[PublishedTable],
    aside: Path,
    verdict: gate.GateVerdict,
    at: Callable[[str], None],
) -> int:
    connection.execute(f"attach {_literal(str(aside))} as published")
    rows = 0
    for number, table in enumerate(tables, start=1):
        at(f"{number} of {len(tables)}: {table.name}")
        # Sorted, so that publishing the same data twice gives the same rows in the same places.
        order = ", ".join(_quoted(column) for column in table.order) or "all"
        source = f"warehouse.{_quoted(table.schema)}.{_quoted(table.identifier)}"
        (copied,) = connection.execute(
            f"create table published.{_quoted(table.name)} as select * from {source} order by {order}"
        ).fetchall()[0]
        rows += int(copied)
    names = {table.name for table in tables}
    rows += write_about(connection, names, verdict, manifest)
    _assert_nothing_private(connection, names)
    connection.execute("use memory; checkpoint published; detach published; detach warehouse")
    return rows


def write_about(
    connection: duckdb.DuckDBPyConnection, names: set[str], verdict: gate.GateVerdict, manifest: Any
) -> int:
    """Write the tables about the publication itself into the attached database `published`; return their rows."""
    _write_publication(connection, names, verdict)
    return 1 + _write_glossary(connection, manifest)


def _write_publication(connection: duckdb.DuckDBPyConnection, names: set[str], verdict: gate.GateVerdict) -> None:
    plays = (
        "published.fct_plays"
        if "fct_plays" in names
        else "(select null::timestamp as played_at, null::date as listening_date where false)"
    )
    listeners = "(select count(*) from published.dim_users)" if "dim_users" in names else "0"
    connection.execute(
        f"""
        create table published.publication as
        select
            ?::timestamp as published_at,
            max(played_at) as data_as_of,
            max(listening_date) as newest_listening_date,
            {listeners} as listeners,
            count(*) as plays,
            ?::bigint as tests_passed,
            ?::bigint as tests_warned,
            ?::bigint as tests_total,
            ?::bigint as models_built,
            ?::varchar as raw_fingerprint,
            ?::varchar as project_fingerprint,
            ?::varchar as listening_fingerprint
        from {plays}
        """,
        [
            datetime.now(UTC).replace(tzinfo=None, microsecond=0),
            verdict.tests_passed,
            verdict.tests_warned,
            verdict.tests_passed + verdict.tests_warned,
            verdict.models_built,
            verdict.raw_fingerprint,
            verdict.project_fingerprint,
            verdict.listening_fingerprint,
        ],
    )


def _write_glossary(connection: duckdb.DuckDBPyConnection, manifest: Any) -> int:
    """One row per term, and one row per term and table in which it occurs; returns how many rows."""
    connection.execute(
        """
        create table published.glossary (
            anchor varchar not null, kind varchar not null, kind_order integer not null, term varchar not null,
            label varchar not null, unit varchar, text varchar not null, text_html varchar not null,
            docs_anchor varchar
        );
        create table published.glossary_tables (
            anchor varchar not null, table_name varchar not null, docs_anchor varchar not null
        )
        """
    )
    entries = glossary.entries(manifest)
    terms = [
        (
            *(entry.anchor, entry.kind, glossary.KINDS.index(entry.kind) + 1, entry.term, entry.label, entry.unit),
            *(entry.text, glossary.as_html(entry.text), entry.docs_anchor),
        )
        for entry in entries
    ]
    places = [(entry.anchor, *place) for entry in entries for place in entry.places]
    for table, rows in (("glossary", terms), ("glossary_tables", places)):
        if rows:
            # As columns, in one statement: row by row, each would be flushed to disk on its own.
            columns = ", ".join("unnest(?)" for _ in rows[0])
            connection.execute(
                f"insert into published.{table} select {columns}", [list(c) for c in zip(*rows, strict=True)]
            )
    return len(terms) + len(places)


def _assert_nothing_private(connection: duckdb.DuckDBPyConnection, names: set[str]) -> None:
    """Raise CommandError unless the file holds exactly the intended tables."""
    written = {
        (str(schema), str(name))
        for schema, name in connection.execute(
            "select table_schema, table_name from information_schema.tables where table_catalog = 'published'"
        ).fetchall()
    }
    meant = {("main", name) for name in (*names, *_ABOUT)}
    if written != meant:
        raise CommandError(f"The published file would contain other tables than intended: {sorted(written ^ meant)}.")


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
