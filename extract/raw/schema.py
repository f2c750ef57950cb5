"""The name of the raw schema, and which tables and columns a database has. Imports nothing heavy: `status` uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

DATASET = "raw_spotify"


def tables_of(connection: duckdb.DuckDBPyConnection, schema: str = DATASET, database: str | None = None) -> set[str]:
    """Names of the tables and views of a schema; by default of the database that the connection is in."""
    # Literals, not parameters: converting parameters makes DuckDB import pandas, one second where it is installed.
    catalog = f"'{database}'" if database else "current_database()"
    where = f"table_catalog = {catalog} and table_schema = '{schema}'"
    rows = connection.execute(f"select table_name from information_schema.tables where {where}").fetchall()
    return {str(name) for (name,) in rows}


def columns_of(connection: duckdb.DuckDBPyConnection, table: str, schema: str = DATASET) -> set[str]:
    """Names of the columns of a table; none when there is no such table."""
    where = f"table_catalog = current_database() and table_schema = '{schema}' and table_name = '{table}'"
    rows = connection.execute(f"select column_name from information_schema.columns where {where}").fetchall()
    return {str(name) for (name,) in rows}
