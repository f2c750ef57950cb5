"""Which part may import which: extraction does not know the command, sources know no warehouse, nothing points back."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

BASE = {
    f"extract.{name}"
    for name in ("arrow", "atomic_file", "batch", "http", "report", "request_log", "services", "stored")
}
"""What everything in extract may use; these modules use each other and the declaration of raw tables only."""

TABLES = {"extract.raw.tables", "extract.raw.schema"}

ALLOWED = {
    "extract.sources": {"extract.sources", *BASE, "extract.raw.tables"},
    "extract.raw": {"extract.raw", *BASE},
    "extract": {*BASE, *TABLES},
    "spotiflow.publish": {"extract", "spotiflow", "spotiflow.publish"},
    "spotiflow.recommend": {"extract", "spotiflow", "spotiflow.recommend"},
    "spotiflow.demo": {"extract", "spotiflow", "spotiflow.demo"},
    "spotiflow.privacy": {"extract", "spotiflow", "spotiflow.privacy", "spotiflow.publish", "spotiflow.recommend"},
    "spotiflow": {"extract", "spotiflow"},
    "spotiflow.cli": {
        "extract",
        "spotiflow",
        *(f"spotiflow.{n}" for n in ("cli", "demo", "privacy", "publish", "recommend")),
    },
}
"""Part -> what its modules may import. `spotiflow` is its root: modules that belong to no part."""


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports_of(path: Path) -> Iterator[str]:
    """Modules of the project that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names = [
                f"{node.module}.{alias.name}" if is_module(f"{node.module}.{alias.name}") else str(node.module)
                for alias in node.names
            ]
        else:
            continue
        yield from (name for name in names if name.partition(".")[0] in ("extract", "spotiflow"))


def is_module(name: str) -> bool:
    path = ROOT / Path(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def part_of(module: str) -> str:
    return max((part for part in ALLOWED if f"{module}.".startswith(f"{part}.")), key=len)


def may_import(part: str, imported: str) -> bool:
    if imported.startswith("spotiflow"):
        return part_of(imported) in ALLOWED[part]
    return any(f"{imported}.".startswith(f"{allowed}.") for allowed in ALLOWED[part])


MODULES = sorted(path for package in ("extract", "spotiflow") for path in (ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("part", ALLOWED)
def test_no_import_points_back(part: str) -> None:
    modules = [path for path in MODULES if part_of(module_name(path)) == part]
    assert modules
    wrong = [
        f"{module_name(path)} imports {imported}"
        for path in modules
        for imported in imports_of(path)
        if not may_import(part, imported)
    ]
    assert wrong == []


def test_the_rule_can_be_broken() -> None:
    assert not may_import("extract.sources", "extract.raw.store")
    assert not may_import("extract", "spotiflow.pseudonyms")
    assert not may_import("spotiflow.publish", "spotiflow.cli.refresh")
    assert may_import("spotiflow.cli", "extract.raw.loader")
