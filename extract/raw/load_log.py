"""What `load_log` remembers of files that are loaded again: when each came first, and how many plays were new then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from extract.raw.tables import DATASET, LOAD_LOG


@dataclass(frozen=True)
class FirstLoad:
    """The first time that a file was loaded."""

    loaded_at: datetime  # naive UTC
    rows_new: int | None
    covered_from: datetime | None = None  # of the export that the file came in, naive UTC
    covered_to: datetime | None = None


Key = tuple[Any, ...]


def key_of(log: dict[str, Any]) -> Key:
    """What identifies a row of the log."""
    return tuple(log[name] for name in LOAD_LOG.primary_key)


def first_loads(warehouse: Path) -> dict[Key, FirstLoad]:
    """First loads by the key of their row in the log, as far as the warehouse knows them.

    Rows that an older version wrote do not say when the file came first: the time that they have counts.
    """
    if not warehouse.exists():
        return {}
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        columns = {
            str(name)
            for (name,) in connection.execute(
                "select column_name from duckdb_columns() where schema_name = ? and table_name = ?",
                [DATASET, LOAD_LOG.name],
            ).fetchall()
        }
        if not columns:
            return {}
        first = "coalesce(first_loaded_at, loaded_at)" if "first_loaded_at" in columns else "loaded_at"
        new = "rows_new" if "rows_new" in columns else "null"
        covered = "covered_from, covered_to" if "covered_to" in columns else "null, null"
        rows = connection.execute(
            f"select {first}, {new}, {covered}, {', '.join(LOAD_LOG.primary_key)} from {DATASET}.{LOAD_LOG.name}"
        ).fetchall()
    return {
        tuple(key): FirstLoad(loaded_at, rows_new, covered_from, covered_to)
        for loaded_at, rows_new, covered_from, covered_to, *key in rows
    }
