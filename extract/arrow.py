"""DuckDB queries as Arrow tables, and hashes of files: what the readers of files share."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa

_BATCH_ROWS = 100_000


def batches(connection: duckdb.DuckDBPyConnection, query: str, schema: pa.Schema) -> Iterator[pa.Table]:
    """The result of `query` as Arrow tables of `schema`, at most 100,000 rows each; at least one table."""
    # Each table gets its own cursor, because dlt alternates between the tables that it loads.
    found = False
    for batch in connection.cursor().execute(query).to_arrow_reader(_BATCH_ROWS):
        found = True
        yield pa.Table.from_batches([batch]).cast(schema)
    if not found:
        yield schema.empty_table()


def content_hash(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
