"""Places for tests of commands: a tiny project for the gate, and copies of the real one to break."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import PROJECT, Place

MINI_PROJECT = Path(__file__).parent / "mini_project"
# What dbt reads, and what else belongs to the fingerprint of the project.
FOLDERS = ("models", "seeds", "macros", "tests/generic", "tests/singular", "spotiflow/recommend", "requirements")


def copy_project(target: Path) -> Path:
    """The dbt project without anything that was built: to change a seed or a model in it."""
    for name in ("dbt_project.yml", "profiles.yml"):
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy2(PROJECT / name, target / name)
    for name in FOLDERS:
        shutil.copytree(PROJECT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    return target


@pytest.fixture
def broken_project(sample_data: Place, tmp_path: Path) -> Callable[[], Place]:
    """A copy of the project, with its own copy of the built sample, what it published, and a stand-in for the site."""

    def copy() -> Place:
        place = Place(tmp_path / "place", project=copy_project(tmp_path / "project"))
        place.warehouse.parent.mkdir(parents=True)
        shutil.copy2(sample_data.warehouse, place.warehouse)
        shutil.copy2(sample_data.published, place.published)
        (place.folder / "target").mkdir()
        place.site.mkdir()
        (place.site / "index.html").write_text("<h1>yesterday</h1>\n")
        return place

    return copy


@pytest.fixture
def empty_place(tmp_path: Path) -> Place:
    """Nothing loaded, nothing built."""
    return Place(tmp_path / "place")
