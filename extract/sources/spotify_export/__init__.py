"""Spotify's privacy exports as raw tables: the extended streaming history in every version, and the account data.

Source of the format: the ReadMe that Spotify sends with the export, and exports of 2023 to 2026.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from extract.arrow import batches
from extract.batch import Batch
from extract.raw.tables import ACCOUNTS, DATASET, LOAD_LOG, RECENTLY_PLAYED, REJECTED_ROWS, STREAMING_HISTORY, TRACKS
from extract.report import LoadReport, Progress, silent
from extract.sources.spotify_export.inputs import find_history_files
from extract.sources.spotify_export.reader import DEDUPLICATED, TITLE_HASH, open_scratch, read_file
from extract.sources.spotify_export.settings import SOURCE
from extract.stored import ATTACHED, LogKey, Stored

__all__ = ["ExportSource", "read_exports"]


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


@contextmanager
def read_exports(
    sources: Sequence[ExportSource], stored: Stored | None = None, progress: Progress = silent
) -> Iterator[Batch]:
    """Read the streaming histories of one or more accounts: extended ones, account data, or both.

    The same export again, in another packaging, or beside an overlapping one gives each play once. Files that cannot be
    read stop no others; `LoadReport.problems` names them. The batch is empty, without even the accounts, unless at
    least one file could be read. It can be read until the context ends.
    """
    stored = stored or Stored()
    report = LoadReport("Streaming history", rows_new=0)
    logs: list[dict[str, Any]] = []
    last_rows: list[int] = []  # of each logged file in the scratch table
    exports: list[tuple[Any, ...]] = []  # which export each logged file belongs to
    with (
        tempfile.TemporaryDirectory(prefix="spotiflow-") as folder,
        open_scratch(scratch := Path(folder)) as connection,
    ):
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
            report.rows_new = None
            yield Batch({}, report)
            return
        with stored.attached(connection) as names:
            new_plays = _new_plays(connection, names, last_rows)
            report.note = _about_titles(connection, names)
        report.rows_new = sum(new_plays)
        _note_spans(logs, exports)
        _note_first_loads(logs, new_plays, stored)
        accounts = [
            {
                "user_id": source.user_id,
                "display_name": source.display_name,
                "timezone": source.timezone,
                "is_sample": source.is_sample,
            }
            for source in sources
        ]
        yield Batch(
            {
                ACCOUNTS.name: [ACCOUNTS.from_rows(accounts)],
                STREAMING_HISTORY.name: batches(connection, DEDUPLICATED, STREAMING_HISTORY.schema),
                REJECTED_ROWS.name: batches(connection, "select distinct * from rejected", REJECTED_ROWS.schema),
                LOAD_LOG.name: [LOAD_LOG.from_rows(logs)],
            },
            report,
        )


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


def _about_titles(connection: duckdb.DuckDBPyConnection, names: set[str]) -> str | None:
    """How many plays of the account data name a track that is known here already; None without account data."""
    unnamed = "content_kind = 'track' and track_id is null"
    if connection.execute(f"select 1 from accepted where {unnamed} limit 1").fetchone() is None:
        return None
    known = ["select track_name, artist_name from accepted where track_id is not null"]
    known += [
        f"select track_name, artist_name from {ATTACHED}.{DATASET}.{name} where track_id is not null"
        for name in (STREAMING_HISTORY.name, TRACKS.name, RECENTLY_PLAYED.name)
        if name in names
    ]
    plays, resolved = connection.execute(
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
        """
    ).fetchone() or (0, 0)
    return (
        f"Account data has titles but no ids: {resolved:,} of {plays:,} plays match a known track by title and artist; "
        f"the other {plays - resolved:,} keep an id made from both."
    )


def _new_plays(connection: duckdb.DuckDBPyConnection, names: set[str], last_rows: Sequence[int]) -> list[int]:
    """How many plays each file brings that are neither stored nor in a file before it.

    `last_rows`: the last row of each file in the scratch table `accepted`, which holds the files one after the other.
    """
    keys = ", ".join(STREAMING_HISTORY.primary_key)
    known = "select null where false"
    if STREAMING_HISTORY.name in names:
        matches = " and ".join(f"stored_plays.{key} = first_places.{key}" for key in STREAMING_HISTORY.primary_key)
        known = f"select 1 from {ATTACHED}.{DATASET}.{STREAMING_HISTORY.name} as stored_plays where {matches}"
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
    return [int(count) for (count,) in rows]


def _note_first_loads(logs: list[dict[str, Any]], new_plays: Sequence[int], stored: Stored) -> None:
    """Complete the log: when each file was loaded first, and how many of its plays were new then."""

    def key_of(log: dict[str, Any]) -> LogKey:
        return tuple(log[name] for name in LOAD_LOG.primary_key)

    known = stored.first_loads()
    new: dict[LogKey, int] = {}
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
