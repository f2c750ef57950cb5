"""Tables that people bring (CSV, Parquet, JSON Lines), read row by row: a broken line costs that line only."""

from __future__ import annotations

from pathlib import Path

import duckdb

from extract.report import LoadError

ROW = "row_of_file"
"""The column of `records` that numbers rows: 1 is the first record of the file, unreadable ones included."""

_JSON_LINES = (".jsonl", ".ndjson", ".json")


def read_table(connection: duckdb.DuckDBPyConnection, path: Path, hint: str) -> list[str]:
    """Fill the tables `records` (all columns as they are, and ROW) and `unreadable` ("row", reason).

    CSV and JSON Lines give text columns. Returns the names of the columns.

    Args:
        hint: what such a file looks like, a sentence for somebody whose file is empty.

    Raises:
        LoadError: the file is no such table at all.
    """
    if not path.is_file():
        raise LoadError(f"There is no file {path}. Check the path.")
    with path.open("rb") as file:
        magic = file.read(4)
    if not magic:
        raise LoadError(f"{path.name} is empty. {hint}")
    if magic == b"PK\x03\x04":
        raise LoadError(f"{path.name} is a ZIP or a spreadsheet. Save it as CSV (UTF-8) or Parquet first.")
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    try:
        if magic == b"PAR1":
            kind = "Parquet"
            _read_parquet(connection, path)
        elif suffixes[-1:] and suffixes[-1] in _JSON_LINES:
            kind = "JSON Lines"
            _read_json_lines(connection, path)
        else:
            kind = "CSV"
            _read_csv(connection, path)
    except duckdb.Error as error:
        why = str(error).splitlines()[0]
        raise LoadError(f"{path.name} cannot be read as {kind}: {why}") from error
    return [row[0] for row in connection.execute("describe records").fetchall() if row[0] != ROW]


def identifier(name: str) -> str:
    """A column's name as SQL takes it."""
    return '"' + name.replace('"', '""') + '"'


def _literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _read_parquet(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    connection.execute(
        f"""
        create table records as select *, row_number() over () as {ROW} from read_parquet({_literal(path)});
        create table unreadable("row" bigint, reason varchar);
        """
    )


def _read_csv(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Lines that are no CSV are in DuckDB's `reject_errors` with their numbers; the others are counted around them."""
    connection.execute(
        f"""
        create table lines as
        select *, row_number() over () as place_among_lines from read_csv(
            {_literal(path)}, all_varchar = true, header = true, store_rejects = true, quote = '"', escape = '"',
            sample_size = 20480
        );

        create table unreadable as
        select line - 1 as "row", 'not a CSV line: ' || lower(replace(min(error_type)::varchar, '_', ' ')) as reason
        from reject_errors
        group by line;

        create table records as
        with places as (
            select "row", row_number() over (order by "row") as place
            from range(1, (select count(*) from lines) + (select count(*) from unreadable) + 1) as rows("row")
            where "row" not in (select "row" from unreadable)
        )

        select lines.* exclude (place_among_lines), places."row" as {ROW}
        from lines
        inner join places on lines.place_among_lines = places.place;

        drop table lines;
        """
    )


def _read_json_lines(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    # Read as lines of text: DuckDB's own reader gives up at the first broken line, or leaves it out unsaid.
    connection.execute(
        f"""
        create table lines as
        select line, row_number() over () as "row" from read_csv(
            {_literal(path)}, columns = {{'line': 'varchar'}}, delim = chr(1), quote = '', escape = '', header = false,
            auto_detect = false
        )
        where trim(line) <> '';

        create table unreadable as
        select "row", 'not a JSON object' as reason from lines
        where not json_valid(line) or json_type(line) <> 'OBJECT';

        delete from lines where "row" in (select "row" from unreadable);
        """
    )
    names = [
        str(name)
        for (name,) in connection.execute(
            "select distinct unnest(json_keys(line)) as name from lines order by 1"
        ).fetchall()
    ]
    columns = "".join(
        "line ->> '$.\"" + name.replace("'", "''").replace('"', '\\"') + f"\"' as {identifier(name)}, "
        for name in names
    )
    connection.execute(f'create table records as select {columns}"row" as {ROW} from lines; drop table lines')
