"""Every column in the warehouse is described, and nothing is described that is not there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PROJECT, Place

_SAME = {"timestamp with time zone": "timestamptz", "varchar": "string"}


@pytest.fixture(scope="module")
def documented(sample_data: Place, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    """dbt's manifest and its catalog of what is in the sample's warehouse."""
    folder = tmp_path_factory.mktemp("documented")
    # dbt opens the file for writing.
    warehouse = Path(shutil.copy2(sample_data.warehouse, folder / "warehouse.duckdb"))
    done = subprocess.run(
        [Path(sys.executable).parent / "dbt", "docs", "generate", "--project-dir", PROJECT, "--profiles-dir", PROJECT],
        cwd=folder,
        env=sample_data.env
        | {
            "SPOTIFLOW_WAREHOUSE": str(warehouse),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    target = folder / "target"
    return json.loads((target / "manifest.json").read_text()), json.loads((target / "catalog.json").read_text())


def _tables(documented: tuple[dict[str, Any], dict[str, Any]]) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """What is described and what is there, by dbt's id."""
    manifest, catalog = documented
    described = {
        name: node
        for name, node in (manifest["nodes"] | manifest["sources"]).items()
        if node["resource_type"] in ("model", "seed", "source")
    }
    there = catalog["nodes"] | catalog["sources"]
    assert set(described) == set(there), "dbt knows tables that are not in the warehouse, or the other way round"
    return {name: (described[name]["columns"], there[name]["columns"]) for name in sorted(described)}


def test_every_column_is_described(
    documented: tuple[dict[str, Any], dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Sources, seeds and marts describe each of theirs; models below marts those that no mart describes."""
    nodes = documented[0]["nodes"]
    in_marts = {
        column for name, node in nodes.items() if node.get("schema") == "marts" for column in node.get("columns", {})
    }
    columns = {}
    for table, (described, there) in _tables(documented).items():
        known = in_marts if nodes.get(table, {}).get("schema") in ("staging", "intermediate") else set()
        for column in there:
            own = described.get(column, {}).get("description", "").strip()
            columns[f"{table}.{column}"] = bool(own) or column in known
    with capsys.disabled():
        print(f"\n{sum(columns.values())} of {len(columns)} columns are described ({_share(columns)})")
    assert [name for name, is_described in columns.items() if not is_described] == []


def test_every_table_metric_and_exposure_is_described(documented: tuple[dict[str, Any], dict[str, Any]]) -> None:
    manifest, _ = documented
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


def test_nothing_is_described_that_is_not_there(documented: tuple[dict[str, Any], dict[str, Any]]) -> None:
    tables = _tables(documented).items()
    assert [f"{table}.{name}" for table, (described, there) in tables for name in described if name not in there] == []


def test_declared_types_are_those_of_the_warehouse(documented: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """Sources, seeds and marts declare types. Staging and intermediate models do not: nobody outside relies on them."""
    wrong = []
    for table, (described, there) in _tables(documented).items():
        if documented[0]["nodes"].get(table, {}).get("schema") in ("staging", "intermediate"):
            assert [name for name, column in described.items() if column["data_type"]] == [], table
            continue
        for name, column in there.items():
            found = _SAME.get(column["type"].lower(), column["type"].lower())
            declared = (described.get(name, {}).get("data_type") or "nothing").lower()
            if declared != found:
                wrong.append(f"{table}.{name} is {found}, declared is {declared}")
    assert wrong == []


def _share(columns: dict[str, bool]) -> str:
    return f"{100 * sum(columns.values()) / len(columns):.1f} %"
