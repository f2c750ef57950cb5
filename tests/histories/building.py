"""Loading histories through the real loaders, and building them with dbt inside this process."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from extract.raw.loader import load, load_tables
from extract.raw.store import Store
from extract.raw.tables import RECOMMENDATIONS
from extract.sources.spotify_api import batch_of, poll
from extract.sources.spotify_export import ExportSource, read_exports
from extract.sources.table_files import read_catalogue
from extract.stored import StoredAccount
from spotiflow.dbt_runner import BuildResult, Dbt
from tests.conftest import PROJECT, Parsed, Place
from tests.histories.generator import Batch, History, Page
from tests.spotiflow.conftest import copy_project

# No unit tests: they judge the code, whatever is loaded.
ONLY_DATA_TESTS = ("--exclude-resource-type", "unit_test")
NO_TESTS = ("--exclude-resource-type", "unit_test", "--exclude-resource-type", "test")


def user_id(history: History) -> str:
    """As the warehouse knows the listener. (A label in the clear: these are nobody's.)"""
    return history.label


@dataclass
class _Answering:
    """A client that answers with a recorded page, as spotipy does."""

    body: Any
    auth_manager: None = None

    def current_user_recently_played(self, limit: int) -> Any:
        assert limit >= len(self.body["items"])
        return self.body


def load_everything(warehouse: Path, batch: Batch) -> None:
    """Load all inputs of a batch, each kind in one go."""
    with_exports = [history for history in batch.histories if history.exports]
    load_export_files(warehouse, [(history, history.exports) for history in with_exports])
    load_pages(warehouse, [(history, history.pages) for history in batch.histories if history.pages])
    load_catalogue(warehouse, batch.catalogue)
    load_tables(warehouse, {RECOMMENDATIONS.name: [RECOMMENDATIONS.from_rows(batch.recommendations)]})


def load_catalogue(warehouse: Path, path: Path) -> None:
    """Load a catalogue."""
    with read_catalogue(path, stored=Store(warehouse)) as batch:
        load(warehouse, batch)


def load_export_files(
    warehouse: Path, exports: Iterable[tuple[History, Sequence[Path]]], timezone: str | None = None
) -> None:
    """Load exports; `timezone` instead of the listener's own."""
    sources = [ExportSource(user_id(history), paths, timezone or history.timezone) for history, paths in exports]
    with read_exports(sources, Store(warehouse)) as batch:
        report = load(warehouse, batch)
    assert not report.problems, report.problems


def load_pages(warehouse: Path, pages: Iterable[tuple[History, Sequence[Page]]], timezone: str | None = None) -> None:
    """Poll each page once, at its time, and load all of them."""
    accounts, polls = [], []
    for history, listener_pages in pages:
        accounts.append(StoredAccount(user_id(history), timezone or history.timezone))
        for page in listener_pages:
            client: Any = _Answering(json.loads(page.path.read_text(encoding="utf-8")))
            polls.append(poll(client, user_id(history), lambda moment=page.requested_at: moment))  # type: ignore[misc]
    assert all(result.error is None for result in polls)
    if polls:
        load(warehouse, batch_of(accounts, polls))


class Workshop:
    """A copy of the project whose seeds tests may change, parsed once, with as many warehouses as wanted."""

    def __init__(self, folder: Path, parsed: Parsed) -> None:
        self.folder = folder
        self.parsed = parsed
        self.project = copy_project(folder / "project")
        self.dbt: Dbt | None = None

    def restore_seeds(self) -> None:
        """Put the project's own definitions back."""
        for path in (PROJECT / "seeds" / "definitions").glob("*.csv"):
            shutil.copy2(path, self.project / "seeds" / "definitions" / path.name)

    def place(self, name: str) -> Place:
        """A warehouse of its own, built from the copy."""
        place = Place(self.folder / name, project=self.project)
        place.warehouse.parent.mkdir(parents=True)
        return place

    def build(self, place: Place, *arguments: str) -> BuildResult:
        """`dbt build` in `place`, with the seeds as they are now. Raises AssertionError when anything is bad."""
        result = self.try_to_build(place, *arguments)
        assert result.ok, describe(result)
        return result

    def try_to_build(self, place: Place, *arguments: str) -> BuildResult:
        """`dbt build` in `place`, which may fail."""
        if self.dbt is None:
            self.dbt = _ParsedOnce(place.settings)
            self.dbt.manifest = self.parsed(place).manifest
        self.dbt.settings = place.settings
        # Nobody reads its files of results, which take a fifth of the time of a small build.
        return self.dbt.build(["--no-write-json", *arguments], lambda _: None)


class _ParsedOnce(Dbt):
    """Keeps its manifest when seeds change, because dbt reads their rows at each run; such builds are not published."""

    def read(self, at: Callable[[str], None] = lambda _: None) -> Any:
        return self.manifest


def describe(result: BuildResult) -> str:
    """What failed, in plain words."""
    lines = [f"{bad.name}: {bad.status}, {bad.plain} ({bad.message})" for bad in result.bad]
    return "\n".join([*lines, *([result.error] if result.error else [])])
