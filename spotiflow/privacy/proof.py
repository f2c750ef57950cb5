"""The proof that an account is forgotten: every value and every byte that is left is searched for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from extract.raw import spool
from extract.raw.loader import set_aside_folder, working_folder
from spotiflow.locks import connect
from spotiflow.privacy import personal_site
from spotiflow.privacy.forget_rows import note_tracks
from spotiflow.settings import Settings, shown

if TYPE_CHECKING:
    import duckdb

# How much of a file is searched at a time.
_CHUNK_BYTES = 1 << 24


@dataclass(frozen=True)
class Proof:
    """What was searched, and what was still found."""

    tables: int
    values: int
    files: int
    bytes: int
    found: tuple[str, ...]  # "data/warehouse.duckdb: marts.fct_plays.user_id", "reports/build/…"


def prove(settings: Settings, user_id: str, tracks: list[str], except_for: Path) -> Proof:
    """Search all that is left for a `user_id` and for the tracks that only it played.

    `except_for`: the journal, which names the account on purpose until the proof has been given.
    """
    found: list[str] = []
    tables = values = files = size = 0
    databases = [path for path in (settings.warehouse, settings.published) if path.exists()]
    databases += personal_site.databases(settings)
    for path in databases:
        with connect(path, read_only=True) as connection:
            note_tracks(connection, tracks)
            for schema, table, columns in _text_columns(connection):
                tables += 1
                (rows,) = connection.execute(f"select count(*) from {_name(schema, table)}").fetchone() or (0,)
                values += rows * len(columns)
                hits = _hits(connection, schema, table, columns, user_id)
                found += [f"{shown(path)}: {schema}.{table}.{column}" for column in hits]
    needles = [text.encode() for text in (user_id, *tracks)]
    pattern = re.compile(b"|".join(map(re.escape, needles)))
    overlap = max(map(len, needles))
    for path in _files(settings, except_for):
        files += 1
        size += path.stat().st_size
        if user_id in str(path) or _contains(path, pattern, overlap):
            found.append(shown(path))
    return Proof(tables, values, files, size, tuple(found))


def database_names(path: Path, user_id: str, tracks: list[str]) -> bool:
    """Whether a DuckDB file names the account or its own tracks; False when it cannot be opened."""
    import duckdb

    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            note_tracks(connection, tracks)
            return any(
                _hits(connection, schema, table, columns, user_id)
                for schema, table, columns in _text_columns(connection)
            )
    except duckdb.Error:
        return False


def _text_columns(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, list[str]]]:
    return connection.execute(
        """
        select columns.schema_name, columns.table_name, list(columns.column_name order by columns.column_index)
        from duckdb_columns() as columns
        inner join duckdb_tables() as tables using (database_name, schema_name, table_name)
        where not tables.internal and columns.database_name = current_database()
            and (columns.data_type like '%VARCHAR%' or columns.data_type = 'BLOB' or columns.data_type like 'STRUCT%')
        group by all
        order by all
        """
    ).fetchall()


def _hits(
    connection: duckdb.DuckDBPyConnection, schema: str, table: str, columns: list[str], user_id: str
) -> list[str]:
    """The columns that contain the `user_id`, or one of the tracks in `own_tracks`."""
    checks = ", ".join(
        f"coalesce(bool_or(contains({_quoted(column)}::varchar, $user_id) "
        f"or {_quoted(column)}::varchar in (from own_tracks)), false)"
        for column in columns
    )
    row = connection.execute(f"select {checks} from {_name(schema, table)}", {"user_id": user_id}).fetchone()
    return [column for column, hit in zip(columns, row or (), strict=False) if hit]


def _files(settings: Settings, except_for: Path) -> Iterator[Path]:
    roots = (
        settings.warehouse,
        Path(f"{settings.warehouse}.wal"),
        working_folder(settings.warehouse),
        spool.folder(settings.warehouse),
        set_aside_folder(settings.warehouse),
        settings.published,
        settings.site,
        settings.target,
        settings.logs,
        settings.reports / ".evidence",
        settings.home,
        personal_site.folder_of_all(settings),
        *settings.warehouse.parent.glob(f"{settings.warehouse.name}.lock*"),
    )
    for root in roots:
        for path in sorted(root.rglob("*")) if root.is_dir() else [root]:
            if path.is_file() and not path.is_symlink() and path != except_for:
                yield path


def _contains(path: Path, pattern: re.Pattern[bytes], overlap: int) -> bool:
    tail = b""
    with path.open("rb") as file:
        while piece := file.read(_CHUNK_BYTES):
            if pattern.search(tail + piece):
                return True
            tail = piece[-overlap:]  # a word may lie across two pieces
    return False


def _name(schema: str, table: str) -> str:
    return f"{_quoted(schema)}.{_quoted(table)}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
