"""Imports point one way (docs/structure.md): extraction knows no command, and nothing imports the command line."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import PROJECT

_EXTRACT = {"extract", "extract.raw", "extract.sources"}
# What each folder may import, besides itself. `extract` and `spotiflow` are the modules directly in them.
MAY_IMPORT = {
    "extract": {"extract.raw"},
    "extract.raw": {"extract"},
    "extract.sources": {"extract", "extract.raw"},
    "spotiflow": _EXTRACT - {"extract.sources"},
    "spotiflow.recommend": {*_EXTRACT, "spotiflow"},
    "spotiflow.publish": {*_EXTRACT, "spotiflow"},
    "spotiflow.demo": {*_EXTRACT, "spotiflow"},
    "spotiflow.privacy": {*_EXTRACT, "spotiflow"},
    "spotiflow.cli": {
        *(*_EXTRACT, "spotiflow", "spotiflow.recommend", "spotiflow.publish", "spotiflow.demo", "spotiflow.privacy"),
    },
}
MODULES = sorted(path for package in ("extract", "spotiflow") for path in (PROJECT / package).rglob("*.py"))


def room_of(module: str) -> str:
    """The folder of the table that a module is in."""
    first_two = ".".join(module.split(".")[:2])
    return first_two if first_two in MAY_IMPORT else module.partition(".")[0]


def imported(tree: ast.Module) -> Iterator[str]:
    """Our own modules that a module imports, anywhere in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from spotiflow import warehouse` names a module, too.
            yield from (f"{node.module}.{name.name}" for name in node.names)


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_folder_imports_what_it_may(room: str) -> None:
    files = [path for path in MODULES if room_of(_module(path)) == room]
    assert files
    wrong = [
        f"{path.relative_to(PROJECT)} imports {module}"
        for path in files
        for module in imported(ast.parse(path.read_text(encoding="utf-8")))
        if module.partition(".")[0] in ("extract", "spotiflow") and room_of(module) not in {room, *MAY_IMPORT[room]}
    ]
    assert wrong == []


def test_sources_know_no_warehouse() -> None:
    """Of the raw tables they know the declaration; what is stored they ask through `extract.stored`."""
    wrong = [
        f"{path.relative_to(PROJECT)} imports {module}"
        for path in MODULES
        if room_of(_module(path)) == "extract.sources"
        for module in imported(ast.parse(path.read_text(encoding="utf-8")))
        if room_of(module) == "extract.raw" and not module.startswith("extract.raw.tables.")
    ]
    assert wrong == []


def test_an_import_that_points_back_is_seen() -> None:
    tree = ast.parse("def late():\n    from spotiflow import cli\n    import extract.raw.store, json")
    assert [room_of(module) for module in imported(tree)] == ["spotiflow.cli", "extract.raw", "json"]
    assert "spotiflow.cli" not in {room for rooms in MAY_IMPORT.values() for room in rooms}


def _module(path: Path) -> str:
    return ".".join(path.relative_to(PROJECT).with_suffix("").parts)
