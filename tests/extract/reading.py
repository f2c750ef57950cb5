"""What sources read, without dlt: in memory, or merged into a DuckDB file by plain SQL in some milliseconds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from extract.batch import Batch
from extract.raw.tables import DATASET, TABLES
from extract.report import FileReport, LoadReport


@dataclass(frozen=True)
class Read:
    """A batch that was read to its end."""

    file: FileReport
    tables: dict[str, pa.Table]

    def rows(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        """The rows of a raw table in their order; all columns unless some are named."""
        chosen = self.tables[table].select(columns) if columns else self.tables[table]
        return [tuple(row.values()) for row in chosen.to_pylist()]


def read_whole(opened: AbstractContextManager[Batch]) -> Read:
    """Read a batch; every table must hold each of its keys once."""
    with opened as batch:
        tables = {name: pa.concat_tables(pieces) for name, pieces in batch.tables.items()}
    for name, table in tables.items():
        keys = [tuple(row.values()) for row in table.select(TABLES[name].primary_key).to_pylist()]
        assert len(keys) == len(set(keys)), f"{name} has a key twice"
    return Read(batch.report.files[0], tables)


def merge(warehouse: Path, tables: Mapping[str, Iterable[pa.Table]]) -> None:
    """Merge rows by key, as the loader does, into a warehouse that has every raw table and one completed load."""
    warehouse.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(
            f"create schema if not exists {DATASET}; "
            f"create or replace table {DATASET}._dlt_loads as select 'load' as load_id, 0 as status"
        )
        for name, table in TABLES.items():
            connection.register("given", pa.concat_tables([table.empty(), *tables.get(name, ())]))
            rows = "(select *, 'load' as _dlt_load_id from given)"
            connection.execute(f"create table if not exists {DATASET}.{name} as from {rows} limit 0")
            keys = ", ".join(table.primary_key)
            connection.execute(f"delete from {DATASET}.{name} where ({keys}) in (select ({keys}) from given)")
            connection.execute(f"insert into {DATASET}.{name} by name from {rows}")
            connection.unregister("given")


def merge_batch(warehouse: Path, opened: AbstractContextManager[Batch]) -> LoadReport:
    """Read a batch, merge it, and return its report. An empty batch writes nothing."""
    with opened as batch:
        if batch.tables:
            merge(warehouse, batch.tables)
        return batch.report
