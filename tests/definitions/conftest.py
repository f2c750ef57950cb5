"""A copy of the project whose seeds tests edit the way a person would, put right again after each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from spotiflow.dbt_runner import BuildResult
from tests.conftest import Parsed, Place
from tests.histories.building import Workshop

# The seeds and all tests that look at nothing else: what `spotiflow refresh` runs before any model.
SEEDS = ("-s", "resource_type:seed", "--indirect-selection", "cautious")


class Seeds:
    """The seeds of a project's copy."""

    def __init__(self, workshop: Workshop, place: Place) -> None:
        self.workshop = workshop
        self.place = place
        self.folder = workshop.project / "seeds" / "definitions"
        self._original = {path: path.read_bytes() for path in self.folder.iterdir()}

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.csv"

    def add(self, name: str, *rows: str) -> None:
        """Add rows at the end of a seed."""
        text = self.path(name).read_text(encoding="utf-8")
        self.path(name).write_text(text + "".join(f"{row}\n" for row in rows), encoding="utf-8")

    def replace(self, name: str, old: str, new: str) -> None:
        """Replace a text that stands in a seed exactly once."""
        text = self.path(name).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        self.path(name).write_text(text.replace(old, new), encoding="utf-8")

    def build(self) -> BuildResult:
        """Load and test the seeds, and nothing else."""
        return self.workshop.try_to_build(self.place, *SEEDS)

    def restore(self) -> None:
        for path, content in self._original.items():
            path.write_bytes(content)


@pytest.fixture(scope="session")
def session_seeds(tmp_path_factory: pytest.TempPathFactory, parsed: Parsed) -> Seeds:
    workshop = Workshop(tmp_path_factory.mktemp("definitions"), parsed)
    return Seeds(workshop, workshop.place("seeds"))


@pytest.fixture
def seeds(session_seeds: Seeds) -> Iterator[Seeds]:
    session_seeds.restore()
    yield session_seeds
    session_seeds.restore()
