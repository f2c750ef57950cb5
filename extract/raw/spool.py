"""Responses that are not in the warehouse yet, on disk: a killed run loses none of them.

Spotify shows a play for a while and then never again. So each page becomes a file here before anything else can go
wrong, and stays until a load has checked that all its rows are in the warehouse. The next load of anything brings in
what an earlier run left (`extract.raw.loader`). `warehouse.duckdb` has `warehouse.spool/` beside it.

A file holds rows of raw tables as JSON and nothing else: no token, no name of an account. Timestamps are ISO 8601,
UTC without zone.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from extract.atomic_file import make_folder, write_whole
from extract.raw.tables import TABLES
from extract.report import LoadError

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Kept:
    """One file: the rows of each raw table that came with one response."""

    path: Path
    tables: dict[str, list[dict[str, Any]]]


def folder(warehouse: Path) -> Path:
    """Where the rows for this warehouse wait."""
    return warehouse.with_suffix(".spool")


def keep(warehouse: Path, tables: Mapping[str, Iterable[Row]]) -> Path:
    """Write rows of raw tables to disk, at once and whole, and return the file.

    Arrow looks at them afterwards: the first table in a process makes it import pandas, which takes half a second.

    Raises:
        LoadError: the disk does not take them.
    """
    rows = {name: [dict(row) for row in table] for name, table in tables.items()}
    place = folder(warehouse)
    # Names sort by the moment of writing: what a service said last about a track counts.
    path = place / f"{time.time_ns():020d}-{os.getpid()}-{secrets.token_hex(4)}.json"
    try:
        make_folder(place)
        write_whole(path, json.dumps(rows, default=_text, ensure_ascii=False), path.with_suffix(".part"))
    except OSError as error:
        raise LoadError(
            f"Spotify's response cannot be written to {place} ({error.strerror}). "
            "Free some space or make the folder writable, then run the same command again."
        ) from None
    try:
        for name, table in rows.items():
            TABLES[name].from_rows(table)  # what cannot be loaded must be found now, not at the next start
    except Exception:
        path.unlink()
        raise
    return path


def read(path: Path) -> Kept:
    """The rows of one file. Tables and columns that an earlier version had are left out.

    Raises:
        ValueError: it is not a file that `keep` has written.
    """
    stored = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(stored, dict):
        raise ValueError("it is not a JSON object")
    tables: dict[str, list[dict[str, Any]]] = {}
    for name, rows in stored.items():
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ValueError(f"it has no rows under {name!r}")
        if name not in TABLES:
            continue
        schema = TABLES[name].schema
        tables[name] = [
            {
                column: _value(value, schema.field(column).type)
                for column, value in row.items()
                if column in schema.names
            }
            for row in rows
        ]
    if not tables:
        raise ValueError("it has no rows of a raw table")
    return Kept(path, tables)


def waiting(warehouse: Path) -> list[Path]:
    """The files, oldest first. Removes drafts of killed runs: their responses count as never received."""
    place = folder(warehouse)
    if not place.is_dir():
        return []
    for draft in place.glob("*.part"):
        draft.unlink(missing_ok=True)
    return sorted(place.glob("*.json"))


def adopt(abandoned: Path, warehouse: Path) -> None:
    """Move the files of a spool whose warehouse was never finished into that of `warehouse`."""
    place = folder(warehouse)
    make_folder(place)
    for path in sorted(abandoned.glob("*.json")):
        path.rename(place / path.name)
    for rest in abandoned.iterdir():
        rest.unlink()
    abandoned.rmdir()


def together(kept: Iterable[Kept]) -> dict[str, list[pa.Table]]:
    """The rows of several files as Arrow tables: one row per key, the last one written."""
    latest: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = {}
    for one in kept:
        for name, rows in one.tables.items():
            key = TABLES[name].primary_key
            latest.setdefault(name, {}).update({tuple(row.get(column) for column in key): row for row in rows})
    return {name: [TABLES[name].from_rows(rows.values())] for name, rows in latest.items()}


def _text(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"raw tables cannot hold a {type(value).__name__}")


def _value(value: Any, kind: pa.DataType) -> Any:
    if value is None:
        return None
    if pa.types.is_timestamp(kind):
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if pa.types.is_date(kind) else value
