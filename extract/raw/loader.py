"""The one dlt pipeline: Arrow tables go into the raw tables of the warehouse, merged by key.

dlt delivers at least once; every raw table has a key, so that delivering twice changes nothing. A load goes so:

1. Packages that a killed run left behind are loaded first. One that the warehouse does not take, though the
   warehouse is sound, is set aside in `warehouse.set-aside/` with a note, so that it blocks nothing for good.
2. Responses that no run has loaded yet (`extract.raw.spool`) are loaded, then the tables that were handed over.
3. Every key that was handed over must be in its table, under a load that is marked complete, because staging reads
   nothing else. Only then are the spooled responses and dlt's own copies deleted.
"""

from __future__ import annotations

import errno
import logging
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from extract.batch import Batch
from extract.raw import spool
from extract.raw.schema import tables_of
from extract.raw.tables import DATASET, TABLES, RawTable
from extract.report import LoadError, LoadReport, Progress, silent

PIPELINE = "spotiflow"

_log = logging.getLogger("spotiflow")

# Read by dlt when it is imported: no telemetry, no chatter, and the load id on every row of an Arrow table
# (without it staging could not tell complete loads from broken ones).
_DLT_SETTINGS = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "CRITICAL",
    "NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID": "true",
    # Otherwise dlt handles Ctrl+C and SIGTERM itself and raises an error that blames the rows.
    "RUNTIME__INTERCEPT_SIGNALS": "false",
    # A package is one transaction per table; more workers than cores only wait for each other.
    "LOAD__WORKERS": "2",
    # Leave no second copy of anybody's listening in the warehouse.
    "LOAD__TRUNCATE_STAGING_DATASET": "true",
}

# A full disk or a file without write permission says nothing about the rows.
_MACHINE_ERRORS = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOMEM,
    errno.EMFILE,
    errno.EIO,
}
_NOTE = "why.txt"


def working_folder(warehouse: Path) -> Path:
    """dlt's own files for this warehouse: `warehouse.duckdb` has `warehouse.dlt/` beside it."""
    return warehouse.with_suffix(".dlt")


def _keys_folder(warehouse: Path) -> Path:
    """One file per table: the keys of the rows of the latest run, until they are found in the warehouse."""
    return working_folder(warehouse) / "keys"


def set_aside_folder(warehouse: Path) -> Path:
    """Where packages and responses go that could not be loaded, each with a note that says why."""
    return warehouse.with_suffix(".set-aside")


def load_tables(warehouse: Path, tables: Mapping[str, Iterable[pa.Table]], progress: Progress = silent) -> None:
    """Merge Arrow tables into `raw_spotify`, after everything that earlier runs left unfinished.

    `tables` maps the name of a raw table to Arrow tables of its schema (`extract.raw.tables`); iterables are
    read once and may be generators, so that nothing has to fit in memory. With no tables, only what is waiting
    is loaded. What had to be set aside is said in a warning of the logger `spotiflow`.

    Raises:
        LoadError: the load did not complete; loading the same tables again is then safe.
    """
    unknown = set(tables) - set(TABLES)
    if unknown:
        raise KeyError(f"no raw table is called {sorted(unknown)}")

    warehouse.parent.mkdir(parents=True, exist_ok=True)
    if not warehouse.exists():
        # State and pending packages of a deleted warehouse must not end up in a new one.
        shutil.rmtree(working_folder(warehouse), ignore_errors=True)

    pipeline = _without_pending(warehouse, progress)
    waiting = _load_waiting(pipeline, warehouse, progress)
    if tables or not waiting:
        progress("Writing to the warehouse")
        _run(pipeline, warehouse, tables)


def load(warehouse: Path, batch: Batch, progress: Progress = silent) -> LoadReport:
    """Merge what a source read, as `load_tables` does, and return its report. An empty batch writes nothing."""
    if batch.tables:
        load_tables(warehouse, batch.tables, progress)
    return batch.report


def load_rows(warehouse: Path, rows: Mapping[str, Iterable[Mapping[str, Any]]], progress: Progress = silent) -> None:
    """Merge rows, by the name of their raw table, as `load_tables` does."""
    load_tables(warehouse, {name: [TABLES[name].from_rows(table)] for name, table in rows.items()}, progress)


def finish(warehouse: Path, progress: Progress = silent) -> bool:
    """Load what killed runs left behind; False when there was nothing.

    Raises:
        LoadError: the warehouse did not take it.
    """
    if not warehouse.exists() or not (_is_pending(warehouse) or spool.waiting(warehouse)):
        return False
    load_tables(warehouse, {}, progress)
    return True


# ---- what earlier runs left ----


def _without_pending(warehouse: Path, progress: Progress) -> Any:
    """The pipeline, with nothing left in it of runs before."""
    try:
        if done := _drop_what_is_done(warehouse):
            _report_lost_rows(warehouse, done)
        pipeline = _pipeline(warehouse)
        if not pipeline.has_pending_data:
            return pipeline
        progress("Finishing an interrupted load")
        pipeline.normalize()
        info = pipeline.load(raise_on_failed_jobs=True)
        if info is None:
            _log.warning(
                "Nothing was left of an interrupted load. If it was a file, load that file again; plays from Spotify "
                "come again with the next poll."
            )
        else:
            _report_lost_rows(warehouse, info.loads_ids)
        return pipeline
    except Exception as error:  # dlt wraps most errors, but not those of unreadable files of its own
        if not _is_to_blame(warehouse, error):
            raise _refusal(warehouse, error) from error
        source, cause = working_folder(warehouse), _root_cause(error)
    place = _set_aside(
        warehouse,
        [source],
        f"An interrupted load could not be finished: {cause}.\n"
        "This folder holds what dlt had stored of it. Load its files again; plays from Spotify's API come again with "
        "the next poll.\n",
    )
    _count_landed_rows(warehouse)
    _log.warning(
        "An interrupted load could not be finished (%s) and was set aside in %s. If it was a file, load that file "
        "again; plays from Spotify come again with the next poll.",
        cause,
        place,
    )
    return _pipeline(warehouse)


def _drop_what_is_done(warehouse: Path) -> list[str]:
    """Remove what dlt was about to put away when it was killed, and would trip over; ids of loads that were complete.

    dlt moves a normalised package into place, whole, and then removes the extracted one, file by file: a kill leaves
    both, the latter perhaps in part. And it marks a loaded package, which the warehouse holds, before it moves it.
    """
    folder = working_folder(warehouse) / PIPELINE
    for extracted in (folder / "normalize" / "extracted").glob("*/"):
        if (folder / "load" / "normalized" / extracted.name).is_dir():
            shutil.rmtree(extracted)
            shutil.rmtree(folder / "load" / "new" / extracted.name, ignore_errors=True)
    complete = [note.parent for note in (folder / "load" / "normalized").glob("*/package_completed.json")]
    for package in complete:
        shutil.rmtree(package)
    return [package.name for package in complete]


def _report_lost_rows(warehouse: Path, load_ids: Iterable[str]) -> None:
    """Say which rows of an interrupted load did not arrive: dlt does not miss a file that is gone from a package."""
    lost: dict[str, int] = {}
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        for file in sorted(_keys_folder(warehouse).glob("*.parquet")):
            try:
                if rows := _missing_rows(connection, file, sorted(load_ids)):
                    lost[file.stem] = rows
            except duckdb.InvalidInputException:
                continue  # killed while it was written: then there was no package yet
    if not lost:
        return
    what = ", ".join(f"{rows:,} rows for {DATASET}.{name}" for name, rows in lost.items())
    place = _set_aside(
        warehouse,
        [_keys_folder(warehouse)],
        f"Part of an interrupted load is missing: {what}.\n"
        "Load its files again; plays from Spotify's API come again with the next poll.\n"
        "This folder holds the keys of all its rows.\n",
    )
    _log.warning(
        "Part of an interrupted load is missing: %s. If it was a file, load that file again; plays from Spotify come "
        "again with the next poll. Details are in %s.",
        what,
        place,
    )


def _load_waiting(pipeline: Any, warehouse: Path, progress: Progress) -> bool:
    """Load the answers that wait in the spool; False when there are none."""
    kept = [one for path in spool.waiting(warehouse) if (one := _read_kept(warehouse, path)) is not None]
    if not kept:
        return False
    progress("Writing to the warehouse")
    try:
        _run(pipeline, warehouse, spool.together(kept))
    except _RefusedError as refusal:
        if len(kept) == 1:
            _give_up(warehouse, kept[0].path, str(refusal))
            return True
        # One of them spoils the others: each on its own.
        for one in kept:
            try:
                _run(pipeline, warehouse, spool.together([one]))
            except _RefusedError as again:
                _give_up(warehouse, one.path, str(again))
            else:
                one.path.unlink()
        return True
    for one in kept:
        one.path.unlink()
    return True


def _read_kept(warehouse: Path, path: Path) -> spool.Kept | None:
    try:
        return spool.read(path)
    except (ValueError, TypeError, OSError) as error:
        if isinstance(error, OSError) and error.errno in _MACHINE_ERRORS:
            raise LoadError(
                f"{path} cannot be read ({error.strerror}): it holds a response from Spotify that is not loaded yet. "
                "Make it readable, then run the same command again."
            ) from None
        _give_up(warehouse, path, f"it cannot be read ({error})")
        return None


def _give_up(warehouse: Path, path: Path, why: str) -> None:
    place = _set_aside(
        warehouse,
        [path],
        f"A response from Spotify could not be loaded: {why}\n"
        "Plays that are still among the last 50 come again with the next poll. To try this file again, move it back "
        f"into {spool.folder(warehouse).name}/.\n",
    )
    _log.warning(
        "A waiting response from Spotify could not be loaded: %s It was set aside in %s; plays that are still among "
        "the last 50 come again with the next poll.",
        why,
        place,
    )


def _set_aside(warehouse: Path, sources: Sequence[Path], note: str) -> Path:
    place = set_aside_folder(warehouse) / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    set_aside_folder(warehouse).mkdir(exist_ok=True, mode=0o700)
    place.mkdir(mode=0o700)
    (place / _NOTE).write_text(note, encoding="utf-8")
    for source in sources:
        source.rename(place / source.name)
    return place


def _is_pending(warehouse: Path) -> bool:
    """Whether dlt's folder holds a package, told without importing dlt."""
    return any(any(place.iterdir()) for place in _leftovers(warehouse) if place.is_dir())


# ---- one run ----


class _RefusedError(LoadError):
    """The warehouse is sound and did not take these rows: trying again would end the same way."""


def _run(pipeline: Any, warehouse: Path, tables: Mapping[str, Iterable[pa.Table]]) -> None:
    """Load tables and check that they arrived.

    Raises:
        LoadError: they did not.
    """
    import dlt

    keys = _keys_folder(warehouse)
    shutil.rmtree(keys, ignore_errors=True)
    keys.mkdir(parents=True)
    # Every raw table is named in every run: so all of them exist after the first load of anything.
    resources = [
        dlt.resource(
            _noting_keys(tables[name], table, keys / f"{name}.parquet") if name in tables else (table.empty(),),
            name=name,
            write_disposition="merge",
            primary_key=table.primary_key,
            columns=_column_hints(table),
        )
        for name, table in TABLES.items()
    ]
    try:
        info = pipeline.run(resources, loader_file_format="parquet")
    except Exception as error:  # a step of dlt, or the reader of an input inside it
        if not _is_to_blame(warehouse, error):
            raise _refusal(warehouse, error) from error
        # The caller still has the rows, in a file or in the spool: the package would only be in the way.
        try:
            pipeline.abort_packages()
            _forget_loaded(warehouse)
        except Exception:  # dlt cannot read its own files; it restores them from the warehouse
            _log.debug("dlt could not abort its packages", exc_info=True)
            shutil.rmtree(working_folder(warehouse) / PIPELINE)
        _empty(keys)
        _count_landed_rows(warehouse)
        raise _refusal(warehouse, error, _RefusedError) from error
    _verify(warehouse, info.loads_ids, keys)
    _empty(keys)
    _forget_loaded(warehouse)


def _pipeline(warehouse: Path) -> Any:
    for name, value in _DLT_SETTINGS.items():
        os.environ[name] = value
    import dlt  # 1.5 s: only commands that load pay for it

    return dlt.pipeline(
        PIPELINE,
        pipelines_dir=str(working_folder(warehouse)),
        destination=dlt.destinations.duckdb(str(warehouse)),
        dataset_name=DATASET,
    )


def _noting_keys(batches: Iterable[pa.Table], table: RawTable, file: Path) -> Iterator[pa.Table]:
    """Pass the tables on and write their keys to a file, to be looked for in the warehouse afterwards."""
    writer: pq.ParquetWriter | None = None
    try:
        for batch in batches:
            keys = batch.select(list(table.primary_key))
            if writer is None:
                writer = pq.ParquetWriter(file, keys.schema)
            if isinstance(keys, pa.RecordBatch):
                writer.write_batch(keys)
            else:
                writer.write_table(keys)
            yield batch
    finally:
        if writer is not None:
            writer.close()


def _column_hints(table: RawTable) -> dict[str, Any]:
    hints: dict[str, Any] = {}
    for field in table.schema:
        if pa.types.is_timestamp(field.type):
            # Arrow's zone-less microseconds stay a plain TIMESTAMP: UTC by our convention, in any session.
            hints[field.name] = {"name": field.name, "timezone": False, "precision": 6}
    return hints


def _verify(warehouse: Path, load_ids: Iterable[str], keys: Path) -> None:
    """Look for the loads among the complete ones, and for each key that was handed over among their rows."""
    wanted = sorted(load_ids)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(f"select load_id from {DATASET}._dlt_loads where status = 0").fetchall()
        if missing := set(wanted) - {load_id for (load_id,) in rows}:
            raise LoadError(
                f"Load {', '.join(sorted(missing))} is not marked complete in {warehouse}. Run the same command again."
            )
        for file in sorted(keys.glob("*.parquet")):
            if lost := _missing_rows(connection, file, wanted):
                raise LoadError(
                    f"{lost:,} rows for {DATASET}.{file.stem} did not arrive in {warehouse}. "
                    "Run the same command again; if this happens again, the disk may be failing."
                )


def _missing_rows(connection: duckdb.DuckDBPyConnection, file: Path, load_ids: Sequence[str]) -> int:
    """How many keys of a file of keys are not among the rows that these loads brought."""
    columns = ", ".join(TABLES[file.stem].primary_key)
    row = connection.execute(
        f"""
        select count(*)
        from read_parquet(?) as handed
        anti join (
            select {columns} from {DATASET}.{file.stem} where _dlt_load_id in (select unnest(?))
        ) as stored using ({columns})
        """,
        [str(file), list(load_ids)],
    ).fetchone()
    return int(row[0]) if row else 0


def _forget_loaded(warehouse: Path) -> None:
    """Remove dlt's copies of what it has loaded, and what killed runs left half-written: they only grow."""
    folder = working_folder(warehouse) / PIPELINE
    for place in (folder / "load" / "loaded", folder / "load" / "new", *_leftovers(warehouse)):
        _empty(place)
    # A package is begun in a folder of its own and moved to `extracted` when it is whole.
    for place in (folder / "normalize").glob("*/"):
        if place.name != "extracted":
            shutil.rmtree(place)


def _leftovers(warehouse: Path) -> tuple[Path, Path]:
    """Where dlt keeps packages that are to be finished."""
    folder = working_folder(warehouse) / PIPELINE
    return folder / "normalize" / "extracted", folder / "load" / "normalized"


def _empty(place: Path) -> None:
    """Remove what is in a folder, not the folder: dlt expects it."""
    for entry in place.iterdir() if place.is_dir() else ():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def _count_landed_rows(warehouse: Path) -> None:
    """Mark loads as complete that have rows in raw tables and will never be finished.

    A merge replaces the rows that were there before: were the new ones not counted, plays that had long been loaded
    would be missing. Each table took its rows in one transaction, so what is there is whole.
    """
    with duckdb.connect(str(warehouse)) as connection:
        names = sorted(name for name in tables_of(connection) if not name.startswith("_"))
        stored = " union ".join(f'select _dlt_load_id as load_id from {DATASET}."{name}"' for name in names)
        if stored:
            connection.execute(
                f"""
                insert into {DATASET}._dlt_loads by name
                select load_id, ? as schema_name, 0 as status, now() as inserted_at
                from ({stored})
                where load_id is not null and load_id not in (select load_id from {DATASET}._dlt_loads where status = 0)
                """,
                [PIPELINE],
            )


# ---- what went wrong ----


def _is_to_blame(warehouse: Path, error: BaseException) -> bool:
    """Whether what was loaded caused the error, and not the machine or a warehouse that takes nothing now."""
    if any(
        isinstance(cause, MemoryError | KeyboardInterrupt | duckdb.OutOfMemoryException)
        or (isinstance(cause, OSError) and cause.errno in _MACHINE_ERRORS)
        for cause in _causes(error)
    ):
        return False
    if not warehouse.exists():
        return True
    probe = f"{DATASET}._probe"
    try:
        with duckdb.connect(str(warehouse)) as connection:
            connection.execute(f"create schema if not exists {DATASET}")
            connection.execute(f"create or replace table {probe} as select 1 as one")
            connection.execute(f"drop table {probe}")
            connection.execute("checkpoint")
    except duckdb.Error:
        return False
    return True


def _refusal(warehouse: Path, error: BaseException, kind: Callable[[str], LoadError] = LoadError) -> LoadError:
    return kind(
        f"The load could not be written to {warehouse}: {_root_cause(error)}. "
        "Nothing is lost: run the same command again."
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _root_cause(error: BaseException) -> str:
    *_, last = _causes(error)
    text = str(last).strip()
    return text.splitlines()[0] if text else type(last).__name__
