"""A new warehouse with some of the rows of another: how an account is forgotten, and how it gets a site of its own.

Only raw tables are copied, because everything else is made from them. What dlt keeps about itself stays behind: it may
name the account of the last load, and dlt recreates it with the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from extract.raw.tables import DATASET, TABLES

if TYPE_CHECKING:
    import duckdb

LOADS = "_dlt_loads"


def raw_tables(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, str]:
    """The raw tables of an attached database, in the order in which to copy them, with the SQL that creates them."""
    found = dict(
        connection.execute(
            "select table_name, sql from duckdb_tables() "
            f"where database_name = '{database}' and schema_name = '{DATASET}'"
        ).fetchall()
    )
    return {name: found[name] for name in [*sorted(TABLES), LOADS] if name in found}


def copy_rows(
    connection: duckdb.DuckDBPyConnection, database: str, stays: Callable[[str], str], user_id: str
) -> dict[str, int]:
    """Copy raw tables of an attached database into the open one; returns the rows copied by table.

    `stays` gives the condition, by table, under which a row (alias `t`) is copied; it may refer to `$user_id`. Loads
    come last, so that their condition may refer to the tables that were copied.
    """
    connection.execute(f"create schema {DATASET}")
    copied = {}
    for name, create in raw_tables(connection, database).items():
        connection.execute(create)  # as dlt made it, with its NOT NULLs
        condition = stays(name)
        (rows,) = connection.execute(
            f"insert into {DATASET}.{name} select * from {database}.{DATASET}.{name} as t where {condition}",
            {"user_id": user_id} if "$user_id" in condition else None,
        ).fetchone() or (0,)
        copied[name] = int(rows)
    return copied
