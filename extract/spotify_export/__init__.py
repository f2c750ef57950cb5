"""Spotify's privacy export: the extended streaming history, in every version, as raw tables.

Source of the format: the ReadMe that Spotify sends with the export, and exports of 2023 to 2026.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from extract.arrow import batches
from extract.pipeline import load_tables
from extract.report import LoadReport, Progress, silent
from extract.spotify_export.inputs import find_history_files
from extract.spotify_export.reader import DEDUPLICATED, open_scratch, read_file
from extract.spotify_export.settings import SOURCE
from extract.tables import ACCOUNTS, DATASET, LOAD_LOG, REJECTED_ROWS, STREAMING_HISTORY

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
    """Load the extended streaming histories of one or more accounts, in one go.

    Loading the same export again, in another packaging, or beside an overlapping one leaves each play stored
    once. Files that cannot be read stop no others; `LoadReport.problems` names them. Nothing is written, not
    even the account, unless at least one file could be read. Raises LoadError if the warehouse refuses.
    """
    report = LoadReport("Extended streaming history")
    logs = []
    with tempfile.TemporaryDirectory(prefix="spotiflow-") as folder:
        scratch = Path(folder)
        connection = open_scratch(scratch)
        with connection:
            for source in sources:
                for file in find_history_files(source.paths, scratch / "unpacked", report.files, progress):
                    outcome = read_file(connection, file, source.user_id, scratch)
                    report.files.append(outcome)
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


def _stored_plays(warehouse: Path) -> int:
    if not warehouse.exists():
        return 0
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        known = connection.execute(
            "select 1 from duckdb_tables() where schema_name = ? and table_name = ?", [DATASET, STREAMING_HISTORY.name]
        ).fetchone()
        if not known:
            return 0
        row = connection.execute(
            f"select count(*) from {DATASET}.{STREAMING_HISTORY.name} where content_kind = 'track'"
        ).fetchone()
        return int(row[0]) if row else 0
