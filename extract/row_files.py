"""Files that people bring, a record a row: CSV, JSON lines or Parquet, read into a scratch database.

Every value arrives as text, so that what is wrong with a row can be said of that row, by its number. A line that is
no record at all is kept as such; the other rows keep the numbers that an editor shows (row 1 is the first record).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from extract.report import LoadError

Columns = Mapping[str, Sequence[str]]
"""What is wanted, and under which names files have it; the first name that is there counts."""

_ZIP, _PARQUET = b"PK\x03\x04", b"PAR1"
_LINES_A_BATCH = 50_000


def read_rows(connection: duckdb.DuckDBPyConnection, path: Path, wanted: Columns, required: Sequence[str]) -> None:
    """Make two tables in the scratch database: `given_rows` and `unreadable_rows`.

    `given_rows` has `"row"` and one text column for each name of `wanted` (null when empty or not in the file);
    `unreadable_rows` has `"row"` and `reason`.

    Raises:
        LoadError: the file is none of these, is empty, or lacks a required column.
    """
    if not path.is_file():
        raise LoadError(f"There is no file {path}. Check the path.")
    with path.open("rb") as file:
        magic = file.read(4)
    if not magic:
        raise LoadError(f"{path.name} is empty. It needs the columns {', '.join(required)}.")
    if magic == _ZIP:
        raise LoadError(f"{path.name} is a ZIP or a spreadsheet. Save it as CSV (UTF-8), JSON lines or Parquet first.")
    if magic == _PARQUET or path.suffix.lower() == ".parquet":
        _read_parquet(connection, path, wanted, required)
    elif path.suffix.lower() in (".jsonl", ".ndjson") or magic.lstrip()[:1] == b"{":
        _read_json_lines(connection, path, wanted, required)
    else:
        _read_csv(connection, path, wanted, required)


def _read_parquet(connection: duckdb.DuckDBPyConnection, path: Path, wanted: Columns, required: Sequence[str]) -> None:
    try:
        connection.execute(f"create view source_rows as select * from read_parquet({_quoted(path)})")
        texts = _texts(connection, path, wanted, required)
        connection.execute(f'create table given_rows as select row_number() over () as "row", {texts} from source_rows')
    except duckdb.Error as error:
        raise _unreadable(path, error) from error
    connection.execute('create table unreadable_rows ("row" bigint, reason varchar)')


def _read_csv(connection: duckdb.DuckDBPyConnection, path: Path, wanted: Columns, required: Sequence[str]) -> None:
    try:
        connection.execute(
            f"create table source_rows as select * from read_csv({_quoted(path)}, all_varchar = true, header = true, "
            "store_rejects = true, quote = '\"', escape = '\"', sample_size = 20480)"
        )
        texts = _texts(connection, path, wanted, required)
        connection.execute(
            f"""
            create table unreadable_rows as
            select line - 1 as "row", 'not a CSV line: ' || lower(replace(min(error_type)::varchar, '_', ' ')) as reason
            from reject_errors
            group by line;

            -- What could be read is numbered around what could not.
            create table given_rows as
            with numbered as (
                select row_number() over () as place, {texts} from source_rows
            ),

            places as (
                select "row", row_number() over (order by "row") as place
                from range(
                    1, (select count(*) from source_rows) + (select count(*) from unreadable_rows) + 1
                ) as r("row")
                where "row" not in (select "row" from unreadable_rows)
            )

            select places."row", numbered.* exclude (place)
            from numbered
            inner join places on numbered.place = places.place;
            """
        )
    except duckdb.Error as error:
        raise _unreadable(path, error) from error


def _read_json_lines(
    connection: duckdb.DuckDBPyConnection, path: Path, wanted: Columns, required: Sequence[str]
) -> None:
    columns = ", ".join(f"{_identifier(name)} varchar" for name in wanted)
    connection.execute(f'create table given_rows ("row" bigint, {columns})')
    connection.execute('create table unreadable_rows ("row" bigint, reason varchar)')
    seen: set[str] = set()
    for good, bad in _json_batches(path, wanted, seen):
        connection.register("good_rows", good)
        connection.register("bad_rows", bad)
        connection.execute("insert into given_rows from good_rows; insert into unreadable_rows from bad_rows")
        connection.unregister("good_rows")
        connection.unregister("bad_rows")
    (readable,) = connection.execute("select count(*) from given_rows").fetchone() or (0,)
    if readable:
        _require(path, required, [name for name in required if name not in seen], [])


def _json_batches(path: Path, wanted: Columns, seen: set[str]) -> Iterator[tuple[pa.Table, pa.Table]]:
    names = ["row", *wanted]
    good: list[tuple[Any, ...]] = []
    bad: list[tuple[int, str]] = []
    number = 0
    with path.open("rb") as file:
        for line in file:
            if not line.strip():
                continue
            number += 1
            try:
                record = json.loads(line.decode("utf-8-sig"))
            except UnicodeDecodeError:
                bad.append((number, "not a JSON line: not UTF-8"))
                continue
            except (ValueError, RecursionError):
                bad.append((number, "not a JSON line"))
                continue
            if not isinstance(record, dict):
                bad.append((number, "not a JSON object"))
                continue
            lowered = {str(name).strip().lower(): value for name, value in record.items()}
            values = []
            for name, aliases in wanted.items():
                found = next((alias for alias in aliases if alias in lowered), None)
                if found is not None:
                    seen.add(name)
                values.append(_text(lowered.get(found)) if found is not None else None)
            good.append((number, *values))
            if len(good) >= _LINES_A_BATCH:
                yield _arrow(good, names), _arrow(bad, ["row", "reason"])
                good, bad = [], []
    yield _arrow(good, names), _arrow(bad, ["row", "reason"])


def _arrow(rows: Sequence[tuple[Any, ...]], names: Sequence[str]) -> pa.Table:
    types = [pa.int64(), *(pa.string() for _ in names[1:])]
    columns = zip(*rows, strict=True) if rows else [() for _ in names]
    return pa.table({name: pa.array(column, kind) for name, kind, column in zip(names, types, columns, strict=True)})


def _text(value: Any) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value)
    # A lone surrogate is valid JSON and no valid text.
    return text.encode("utf-8", "replace").decode().strip() or None


def _texts(connection: duckdb.DuckDBPyConnection, path: Path, wanted: Columns, required: Sequence[str]) -> str:
    columns = [str(row[0]) for row in connection.execute("describe source_rows").fetchall()]
    by_lower = {column.strip().lower().lstrip("\ufeff"): column for column in columns}
    found = {name: next((by_lower[a] for a in aliases if a in by_lower), None) for name, aliases in wanted.items()}
    _require(path, required, [name for name in required if found[name] is None], columns)
    return ", ".join(
        f"nullif(trim({_identifier(column)}::varchar), '') as {_identifier(name)}"
        if column is not None
        else f"null::varchar as {_identifier(name)}"
        for name, column in found.items()
    )


def _require(path: Path, required: Sequence[str], missing: Sequence[str], columns: Sequence[str]) -> None:
    if not missing:
        return
    has = f" It has: {', '.join(columns[:12])}{', …' if len(columns) > 12 else ''}." if columns else ""
    raise LoadError(
        f"{path.name} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}.{has} "
        f"It needs {', '.join(required)}."
    )


def _unreadable(path: Path, error: Exception) -> LoadError:
    return LoadError(
        f"{path.name} cannot be read as CSV (UTF-8), JSON lines or Parquet: {str(error).splitlines()[0][:200]}"
    )


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
