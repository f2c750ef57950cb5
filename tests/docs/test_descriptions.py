"""Every column in the warehouse is described, and nothing is described that is not there."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import Any

import duckdb
import pytest

from tests.conftest import Place

_SAME = {"timestamp with time zone": "timestamptz", "varchar": "string"}


@pytest.fixture(scope="module")
def manifest(sample_data: Place) -> dict[str, Any]:
    """dbt's manifest of the sample's build."""
    return dict(json.loads((sample_data.folder / "target" / "manifest.json").read_text()))


@pytest.fixture(scope="module")
def tables(manifest: dict[str, Any], sample_data: Place) -> dict[str, tuple[dict[str, Any], dict[str, str]]]:
    """The columns that are described, and the types of those that are in the sample's warehouse, by dbt's id."""
    there: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    with duckdb.connect(str(sample_data.warehouse), read_only=True) as connection:
        for schema, table, column, data_type in connection.execute(
            "select table_schema, table_name, column_name, data_type from information_schema.columns"
        ).fetchall():
            there[schema, table][column] = data_type.lower()
    described = {
        name: node
        for name, node in sorted((manifest["nodes"] | manifest["sources"]).items())
        if node["resource_type"] in ("model", "seed", "source")
    }
    places = {name: (node["schema"], node.get("alias") or node["identifier"]) for name, node in described.items()}
    assert [name for name, place in places.items() if place not in there] == []
    return {name: (node["columns"], there[places[name]]) for name, node in described.items()}


def test_every_column_is_described(
    manifest: dict[str, Any], tables: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """Sources, seeds and marts describe each of theirs; models below marts those that no mart describes."""
    nodes = manifest["nodes"]
    in_marts = {
        column for name, node in nodes.items() if node.get("schema") == "marts" for column in node.get("columns", {})
    }
    columns = {}
    for table, (described, there) in tables.items():
        known = in_marts if nodes.get(table, {}).get("schema") in ("staging", "intermediate") else set()
        for column in there:
            own = described.get(column, {}).get("description", "").strip()
            columns[f"{table}.{column}"] = bool(own) or column in known
    with capsys.disabled():
        print(f"\n{sum(columns.values())} of {len(columns)} columns are described ({_share(columns)})")
    assert [name for name, is_described in columns.items() if not is_described] == []


def test_every_table_metric_and_exposure_is_described(manifest: dict[str, Any]) -> None:
    entries = {
        name: entry
        for part in ("nodes", "sources", "exposures", "metrics", "semantic_models", "groups", "unit_tests")
        for name, entry in manifest[part].items()
        if entry["resource_type"] != "operation"
    }
    # Not the implementations for one engine: what they do is said where they are called.
    entries |= {
        name: macro
        for name, macro in manifest["macros"].items()
        if macro["package_name"] == "spotiflow" and not re.match(r"[a-z]+__", macro["name"])
    }
    assert [name for name, entry in entries.items() if not (entry["description"] or "").strip()] == []


def test_nothing_is_described_that_is_not_there(tables: dict[str, Any]) -> None:
    assert [
        f"{table}.{name}" for table, (described, there) in tables.items() for name in described if name not in there
    ] == []


def test_declared_types_are_those_of_the_warehouse(manifest: dict[str, Any], tables: dict[str, Any]) -> None:
    """Sources, seeds and marts declare types. Staging and intermediate models do not: nobody outside relies on them."""
    wrong = []
    for table, (described, there) in tables.items():
        if manifest["nodes"].get(table, {}).get("schema") in ("staging", "intermediate"):
            assert [name for name, column in described.items() if column["data_type"]] == [], table
            continue
        for name, column in there.items():
            found = _SAME.get(column, column)
            declared = (described.get(name, {}).get("data_type") or "nothing").lower()
            if declared != found:
                wrong.append(f"{table}.{name} is {found}, declared is {declared}")
    assert wrong == []


def _share(columns: dict[str, bool]) -> str:
    return f"{100 * sum(columns.values()) / len(columns):.1f} %"
