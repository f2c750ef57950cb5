"""What was published last, according to the published file, and whether it is still up to date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from spotiflow.warehouse import listening_fingerprint, raw_fingerprint

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Publication:
    """The one row of `publication` in the published file."""

    published_at: datetime
    data_as_of: datetime | None
    newest_listening_date: date | None
    listeners: int
    plays: int
    tests_passed: int
    tests_warned: int
    tests_total: int
    models_built: int
    raw_fingerprint: str
    project_fingerprint: str
    listening_fingerprint: str = ""  # '' in files of earlier versions: equal to none


def read_publication(published: Path) -> Publication | None:
    """What was published last; None when nothing was, or when the file is not one of ours."""
    if not published.exists():
        return None
    import duckdb

    try:
        with duckdb.connect(str(published), read_only=True) as connection:
            cursor = connection.execute("select * from publication")
            row = cursor.fetchone()
            stored = dict(zip((column[0] for column in cursor.description or ()), row or (), strict=False))
    except duckdb.Error:
        return None
    known = {name: value for name, value in stored.items() if name in Publication.__dataclass_fields__}
    try:
        return Publication(**known)
    except TypeError:
        return None  # written by an earlier version


def definitions_began_since(published: Path, since: datetime) -> bool:
    """Whether a definition version has become valid since `since` (UTC): then the current one is another."""
    import duckdb

    with duckdb.connect(str(published), read_only=True) as connection:
        row = connection.execute(
            "select count(*) from definition_versions where valid_from > ? and valid_from <= ?",
            [since.date(), datetime.now(UTC).date()],
        ).fetchone()
    return bool(row and row[0])


def shows_all_of(connection: duckdb.DuckDBPyConnection, published: Publication) -> bool:
    """Whether what was published is made from the listening that is loaded now."""
    if raw_fingerprint(connection) == published.raw_fingerprint:
        return True
    return listening_fingerprint(connection) == published.listening_fingerprint
