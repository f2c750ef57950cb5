"""Models as queries over tables of one's own: the very SQL that builds the marts, on inputs that a test makes up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import duckdb

_RELATION = re.compile(r'"[^"]+"\."[^"]+"\."([^"]+)"')


def compiled_sql(target: Path, model: str) -> str:
    """What dbt made of a model, from the target folder of a build.

    Raises:
        LookupError: the folder has no such model, or several.
    """
    found = sorted((target / "compiled" / "spotiflow" / "models").rglob(f"{model}.sql"))
    if len(found) != 1:
        raise LookupError(f"{target} has {len(found)} compiled models called {model}: run spotiflow refresh there")
    return found[0].read_text(encoding="utf-8")


def build(connection: duckdb.DuckDBPyConnection, target: Path, model: str, inputs: Mapping[str, str] = {}) -> str:  # noqa: B006 - not changed
    """Make the table `model` in the connection from tables of the models' names that are there already.

    `inputs` names other tables for some of them. Returns the model's name.

    Raises:
        duckdb.CatalogException: an input is missing.
    """

    def here(match: re.Match[str]) -> str:
        return f'"{inputs.get(match[1], match[1])}"'

    connection.execute(f'create or replace table "{model}" as {_RELATION.sub(here, compiled_sql(target, model))}')
    return model


def copy_tables(connection: duckdb.DuckDBPyConnection, warehouse: Path, *tables: str) -> None:
    """Bring tables of a warehouse (schema.name) into the connection, under their names."""
    connection.execute(f"attach '{warehouse}' as built (read_only)")
    for table in tables:
        connection.execute(f'create table "{table.split(".")[1]}" as select * from built.{table}')
    connection.execute("detach built")
