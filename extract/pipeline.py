"""The one dlt pipeline: Arrow tables go into the raw tables of the warehouse, merged by key.

dlt delivers at least once; every raw table has a key, so that delivering twice changes nothing. Before new
tables are loaded, packages that a killed run left behind are loaded first; afterwards the pipeline checks
that the packages it wrote are marked complete, because staging reads nothing else.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from extract.report import LoadError, Progress, silent
from extract.tables import DATASET, TABLES, RawTable

PIPELINE = "spotiflow"

# Read by dlt when it is imported: no telemetry, no chatter, and the load id on every row of an Arrow table
# (without it staging could not tell complete loads from broken ones).
_DLT_SETTINGS = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "CRITICAL",
    "NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID": "true",
    # One package is one transaction a table; more workers than cores only wait for each other.
    "LOAD__WORKERS": "2",
}


def working_folder(warehouse: Path) -> Path:
    """dlt's own files for this warehouse: `warehouse.duckdb` has `warehouse.dlt/` beside it."""
    return warehouse.with_suffix(".dlt")


def load_tables(warehouse: Path, tables: Mapping[str, Iterable[pa.Table]], progress: Progress = silent) -> None:
    """Merge Arrow tables into `raw_spotify`, in one dlt run.

    `tables` maps the name of a raw table to Arrow tables of its schema (`extract.tables`); iterables are
    read once and may be generators, so that nothing has to fit in memory. Raises LoadError when the load
    did not complete; loading the same tables again is then safe.
    """
    unknown = set(tables) - set(TABLES)
    if unknown:
        raise KeyError(f"no raw table is called {sorted(unknown)}")

    for name, value in _DLT_SETTINGS.items():
        os.environ[name] = value
    import dlt  # 1.5 s: only commands that load pay for it
    from dlt.pipeline.exceptions import PipelineStepFailed

    warehouse.parent.mkdir(parents=True, exist_ok=True)
    if not warehouse.exists():
        # State and pending packages of a deleted warehouse must not come alive in a new one.
        shutil.rmtree(working_folder(warehouse), ignore_errors=True)

    pipeline = dlt.pipeline(
        PIPELINE,
        pipelines_dir=str(working_folder(warehouse)),
        destination=dlt.destinations.duckdb(str(warehouse)),
        dataset_name=DATASET,
    )
    # Every raw table is named in every run: so all of them exist after the first load of anything.
    resources = [
        dlt.resource(
            tables.get(name, ()) if name in tables else (table.empty(),),
            name=name,
            write_disposition="merge",
            primary_key=table.primary_key,
            columns=_column_hints(table),
        )
        for name, table in TABLES.items()
    ]
    try:
        if pipeline.has_pending_data:
            progress("Finishing a load that was interrupted")
            pipeline.normalize()
            pipeline.load(raise_on_failed_jobs=True)
        progress("Writing to the warehouse")
        info = pipeline.run(resources, loader_file_format="parquet")
    except PipelineStepFailed as error:
        raise LoadError(
            f"The warehouse {warehouse} did not take the load: {_root_cause(error)}. "
            "Nothing is lost: run the same command again."
        ) from error
    _verify(warehouse, info.loads_ids)


def _column_hints(table: RawTable) -> dict[str, Any]:
    hints: dict[str, Any] = {}
    for field in table.schema:
        if pa.types.is_timestamp(field.type):
            # Arrow's zone-less microseconds stay a plain TIMESTAMP: UTC by our convention, in any session.
            hints[field.name] = {"name": field.name, "timezone": False, "precision": 6}
    return hints


def _root_cause(error: BaseException) -> str:
    while error.__cause__ is not None or error.__context__ is not None:
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def _verify(warehouse: Path, load_ids: Iterable[str]) -> None:
    wanted = set(load_ids)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(f"select load_id from {DATASET}._dlt_loads where status = 0").fetchall()
    complete = {load_id for (load_id,) in rows}
    if missing := wanted - complete:
        raise LoadError(
            f"Load {', '.join(sorted(missing))} is not marked complete in {warehouse}. Run the same command again."
        )
