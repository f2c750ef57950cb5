"""Spotify's privacy exports as raw tables: the extended streaming history in every version, and the account data.

Source of the format: the ReadMe that Spotify sends with the export, and exports of 2023 to 2026.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from extract.arrow import batches
from extract.raw.load_log import Key, first_loads, key_of
from extract.raw.loader import load_tables
from extract.raw.tables import ACCOUNTS, DATASET, LOAD_LOG, RECENTLY_PLAYED, REJECTED_ROWS, STREAMING_HISTORY, TRACKS
from extract.report import LoadReport, Progress, silent
from extract.sources.spotify_export.inputs import find_history_files
from extract.sources.spotify_export.reader import DEDUPLICATED, TITLE_HASH, open_scratch, read_file
from extract.sources.spotify_export.settings import SOURCE

__all__ = ["ExportSource", "load_exports"]


@dataclass(frozen=True)
class ExportSource:
    """The export of one account.

    `paths` are ZIPs, folders or JSON files; `timezone` is an IANA name: a play belongs to the local date on
    which it ended. `display_name` is what the account holder chose for the site, if anything.
    """

    user_id: str
    paths: Sequence[Path]
    timezone: str
    display_name: str | None = None
    is_sample: bool = False


def load_exports(warehouse: Path, sources: Sequence[ExportSource], progress: Progress = silent) -> LoadReport:
    """Load the streaming histories of one or more accounts, in one go: extended ones, account data, or both.

    Loading the same export again, in another packaging, or beside an overlapping one leaves each play stored
    once. Files that cannot be read stop no others; `LoadReport.problems` names them. Nothing is written, not
    even the account, unless at least one file could be read. Raises LoadError if the warehouse refuses.
    """
    report = LoadReport("Streaming history")
    logs: list[dict[str, Any]] = []
    last_rows: list[int] = []  # of each logged file in the scratch table
    exports: list[tuple[Any, ...]] = []  # which export each logged file belongs to
    with tempfile.TemporaryDirectory(prefix="spotiflow-") as folder:
        scratch = Path(folder)
        connection = open_scratch(scratch)
        with connection:
            for source in sources:
                for file in find_history_files(source.paths, scratch / "unpacked", report.files, progress):
                    outcome = read_file(connection, file, source.user_id, scratch)
                    report.files.append(outcome)
                    last_rows.append(_last_row(connection))
                    exports.append((source.user_id, file.origin, outcome.is_account_data))
                    logs.append(
                        {
                            "user_id": source.user_id,
                            "source": SOURCE,
                            "file": file.name,
                            "content_hash": file.content_hash,
                            "loaded_at": datetime.now(UTC).replace(tzinfo=None),
                            "rows_read": outcome.rows_read,
                            "rows_loaded": outcome.rows_loaded,
                            "rows_set_aside": outcome.set_aside.total(),
                            "rows_repeated": outcome.repeated,
                            "rows_rejected": outcome.rejected.total(),
                            "problem": outcome.problem,
                            "oldest_played_at": outcome.oldest_played_at,
                            "newest_played_at": outcome.newest_played_at,
                        }
                    )
            if not any(log["rows_read"] or not log["problem"] for log in logs):
                return report
            accounts = [
                {
                    "user_id": source.user_id,
                    "display_name": source.display_name,
                    "timezone": source.timezone,
                    "is_sample": source.is_sample,
                }
                for source in sources
            ]
            _note_spans(logs, exports)
            _note_first_loads(logs, _new_plays(connection, warehouse, last_rows), warehouse)
            report.note = _about_titles(connection, warehouse)
            before = _stored_plays(warehouse)
            load_tables(
                warehouse,
                {
                    ACCOUNTS.name: [ACCOUNTS.from_rows(accounts)],
                    STREAMING_HISTORY.name: batches(connection, DEDUPLICATED, STREAMING_HISTORY.schema),
                    REJECTED_ROWS.name: batches(connection, "select distinct * from rejected", REJECTED_ROWS.schema),
                    LOAD_LOG.name: [LOAD_LOG.from_rows(logs)],
                },
                progress,
            )
            report.rows_new = _stored_plays(warehouse) - before
    return report


def _last_row(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute("select coalesce(max(rowid), -1) from accepted").fetchone()
    return int(row[0]) if row else -1


def _note_spans(logs: list[dict[str, Any]], exports: Sequence[tuple[Any, ...]]) -> None:
    """Complete the log: which time the export that a file belongs to spans. Between its files it knows of silence."""
    spans: dict[tuple[Any, ...], list[datetime]] = {}
    for log, export in zip(logs, exports, strict=True):
        known = [log[end] for end in ("oldest_played_at", "newest_played_at") if log[end] is not None]
        spans.setdefault(export, []).extend(known)
    for log, export in zip(logs, exports, strict=True):
        has_plays = log["newest_played_at"] is not None
        log["covered_from"] = min(spans[export]) if has_plays else None
        log["covered_to"] = max(spans[export]) if has_plays else None


def _about_titles(connection: duckdb.DuckDBPyConnection, warehouse: Path) -> str | None:
    """How many plays of the account data name a track that is known here already; None without account data."""
    unnamed = "content_kind = 'track' and track_id is null"
    if not _numbers(connection, f"select 1 from accepted where {unnamed} limit 1"):
        return None
    names = "select track_name, artist_name from"
    known = [f"{names} accepted where track_id is not null"]
    is_attached = warehouse.exists() and _has_plays(warehouse)
    if is_attached:
        quoted = str(warehouse).replace("'", "''")
        connection.execute(f"attach '{quoted}' as stored (read_only)")
        known.append(f"{names} stored.{DATASET}.{STREAMING_HISTORY.name} where track_id is not null")
        known += [f"{names} stored.{DATASET}.{name}" for name in _stored_names(connection)]
    try:
        plays, resolved = _numbers(
            connection,
            f"""
            with known as (
                select distinct {TITLE_HASH}(track_name, artist_name) as title_hash
                from ({" union ".join(known)})
            ),
            plays as (
                select distinct on (user_id, ended_at, content_uri, ms_played) content_uri
                from accepted where {unnamed}
            )
            select count(*), count(known.title_hash)
            from plays
            left join known on plays.content_uri = 'spotiflow:title:' || known.title_hash
            """,
        )
    finally:
        if is_attached:
            connection.execute("detach stored")
    return (
        f"Account data has titles and no ids: {resolved:,} of {plays:,} plays name a track that is known here by title "
        f"and artist, {plays - resolved:,} keep an id made of both."
    )


def _stored_names(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The other tables of the attached warehouse that name tracks."""
    rows = connection.execute(
        "select table_name from duckdb_tables() where database_name = 'stored' and schema_name = ? order by 1",
        [DATASET],
    ).fetchall()
    return [str(name) for (name,) in rows if name in (TRACKS.name, RECENTLY_PLAYED.name)]


def _numbers(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, ...]:
    row = connection.execute(query).fetchone()
    return tuple(int(number) for number in row) if row else ()


def _new_plays(connection: duckdb.DuckDBPyConnection, warehouse: Path, last_rows: Sequence[int]) -> list[int]:
    """How many plays each file brings that neither the warehouse nor a file before it has.

    `last_rows`: the last row of each file in the scratch table `accepted`, which holds the files one after the other.
    """
    keys = ", ".join(STREAMING_HISTORY.primary_key)
    known = "select null where false"
    is_attached = warehouse.exists() and _has_plays(warehouse)
    if is_attached:
        quoted = str(warehouse).replace("'", "''")
        connection.execute(f"attach '{quoted}' as stored (read_only)")
        matches = " and ".join(f"stored_plays.{key} = first_places.{key}" for key in STREAMING_HISTORY.primary_key)
        known = f"select 1 from stored.{DATASET}.{STREAMING_HISTORY.name} as stored_plays where {matches}"
    try:
        rows = connection.execute(
            f"""
            with first_places as (
                select {keys}, min(rowid) as place from accepted where content_kind = 'track' group by all
            ),
            files as (select unnest(range(len($last_rows))) as number, unnest($last_rows) as last_row),
            spans as (select number, last_row, lag(last_row, 1, -1) over (order by number) as row_before from files)
            select count(first_places.place)
            from spans
            left join (select * from first_places where not exists ({known})) as first_places
                on first_places.place > spans.row_before and first_places.place <= spans.last_row
            group by spans.number
            order by spans.number
            """,
            {"last_rows": list(last_rows)},
        ).fetchall()
    finally:
        if is_attached:
            connection.execute("detach stored")
    return [int(count) for (count,) in rows]


def _note_first_loads(logs: list[dict[str, Any]], new_plays: Sequence[int], warehouse: Path) -> None:
    """Complete the log: when each file was loaded first, and how many of its plays were new then."""
    known = first_loads(warehouse)
    new: dict[Key, int] = {}
    for log, count in zip(logs, new_plays, strict=True):
        new[key_of(log)] = new.get(key_of(log), 0) + count  # one file may be there in two packagings
    for log in logs:
        first = known.get(key_of(log))
        log["first_loaded_at"] = first.loaded_at if first else log["loaded_at"]
        log["rows_new"] = first.rows_new if first else new[key_of(log)]
        # A file that is loaded again on its own is still part of the export that it came in.
        if first and first.covered_from and first.covered_to and log["covered_from"]:
            log["covered_from"] = min(log["covered_from"], first.covered_from)
            log["covered_to"] = max(log["covered_to"], first.covered_to)


def _has_plays(warehouse: Path) -> bool:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found = connection.execute(
            "select 1 from duckdb_tables() where schema_name = ? and table_name = ?", [DATASET, STREAMING_HISTORY.name]
        ).fetchone()
    return found is not None


def _stored_plays(warehouse: Path) -> int:
    if not warehouse.exists() or not _has_plays(warehouse):
        return 0
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        row = connection.execute(
            f"select count(*) from {DATASET}.{STREAMING_HISTORY.name} where content_kind = 'track'"
        ).fetchone()
        return int(row[0]) if row else 0
