"""A model's own SQL, as dbt compiles it, on small tables of a test's making."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from spotiflow.dbt_runner import Dbt
from tests.conftest import PROJECT, Place

Rows = Iterable[Mapping[str, Any]]


@dataclass(frozen=True)
class CompiledModels:
    """Every model of the project with its SQL written out; `run` gives it other inputs than those of the warehouse."""

    nodes: dict[str, dict[str, Any]]  # by unique_id
    warehouse: Path

    @classmethod
    def of_sample(cls, sample: Place, dbt: Dbt) -> CompiledModels:
        """Compile the project. The types of columns are those of the built sample."""
        manifest = dbt.compile_models()
        return cls(manifest["nodes"], sample.warehouse)

    def run(self, model: str, inputs: Mapping[str, Rows]) -> pd.DataFrame:
        """The rows that a model makes of `inputs`.

        Inputs are named after their tables and have the columns and types of these; what a row does not mention is
        null. Seeds that are not given are read from their file. Raises KeyError for a model that is not there or an
        input that is missing.
        """
        with self.connect() as connection:
            for unique_id in self._node(model)["depends_on"]["nodes"]:
                source = self.nodes[unique_id]
                alias = source["alias"]
                rows = inputs[alias] if alias in inputs or source["resource_type"] != "seed" else _seed(alias)
                _create(connection, source, rows)
            return connection.execute(self.sql(model)).df()

    def sql(self, model: str) -> str:
        """The model's query, over tables that bear the bare names of its inputs. Raises KeyError for no such model."""
        node = self._node(model)
        sql: str = node["compiled_code"]
        for unique_id in node["depends_on"]["nodes"]:
            source = self.nodes[unique_id]
            sql = sql.replace(source["relation_name"], f'"{source["alias"]}"')
        return sql

    def create_seed(self, connection: duckdb.DuckDBPyConnection, name: str) -> None:
        """Make the table of a seed from its file, in a connection of `connect`."""
        (seed,) = (node for node in self.nodes.values() if node["resource_type"] == "seed" and node["alias"] == name)
        _create(connection, seed, _seed(name))

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A database in memory, with the sample's warehouse attached for reading."""
        connection = duckdb.connect()
        connection.execute(f"attach '{self.warehouse}' as warehouse (read_only)")
        return connection

    def _node(self, model: str) -> dict[str, Any]:
        found = [
            node for node in self.nodes.values() if node["resource_type"] == "model" and node.get("alias") == model
        ]
        if len(found) != 1:
            raise KeyError(f"there is no model {model}")
        return found[0]


def constants() -> dict[str, float]:
    """The seed diagnostic_constants."""
    return {row["constant"]: float(row["value"]) for row in _seed("diagnostic_constants")}


def _seed(name: str) -> list[dict[str, str | None]]:
    with (PROJECT / "seeds" / "definitions" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [{column: cell or None for column, cell in row.items()} for row in csv.DictReader(file)]


def _create(connection: duckdb.DuckDBPyConnection, node: Mapping[str, Any], rows: Rows) -> None:
    connection.execute(f'create table "{node["alias"]}" as from {node["relation_name"]} limit 0')
    given = pd.DataFrame(list(rows), dtype=object)
    if len(given):
        connection.execute(f'insert into "{node["alias"]}" by name select * from given')
