"""The sample, built once a session through the real command line, for every test that looks at results.

`SPOTIFLOW_TEST_BUILD=FOLDER pytest …` keeps the build in a folder and uses it again: `spotiflow refresh` then
rebuilds only what changed. Tests must not write into it; take a copy (`tests/spotiflow/conftest.py` has one).

`pytest -n 3` shares the tests out to three processes (`tests/sharing.py`); what one of them builds for the session, the
others use.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from spotiflow.checksums import project_state
from spotiflow.dbt_runner import Dbt
from spotiflow.settings import Settings
from tests import fork_server, sharing

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Completed:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Everything it said."""
        return self.out + self.err


@dataclass(frozen=True)
class Place:
    """A place of its own for a warehouse and everything made from it; `run` runs the real command there."""

    folder: Path
    project: Path = PROJECT

    @property
    def warehouse(self) -> Path:
        return self.folder / "data" / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        return self.folder / "data" / "published.duckdb"

    @property
    def sample_folder(self) -> Path:
        return self.folder / "data" / "sample"

    @property
    def site(self) -> Path:
        return self.folder / "site"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def build_log(self) -> Path:
        return self.logs / "site.log"

    @property
    def settings(self) -> Settings:
        """What a command works with here."""
        return Settings(
            root=self.project,
            warehouse=self.warehouse,
            published=self.published,
            site=self.site,
            home=self.folder / "home",
            logs=self.logs,
            target=self.folder / "target",
        )

    @property
    def env(self) -> dict[str, str]:
        """The environment that makes every command work here, and its output plain."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("SPOTIFLOW_", "DBT_", "EVIDENCE_", "FORCE_COLOR", "PYTEST"))
        }
        return kept | {
            "SPOTIFLOW_PROJECT": str(self.project),
            "SPOTIFLOW_WAREHOUSE": str(self.warehouse),
            "SPOTIFLOW_PUBLISHED": str(self.published),
            "SPOTIFLOW_SITE": str(self.site),
            "SPOTIFLOW_HOME": str(self.folder / "home"),
            "SPOTIFLOW_LOGS": str(self.logs),
            "DBT_TARGET_PATH": str(self.folder / "target"),
            "NO_COLOR": "1",
            "COLUMNS": "100",
        }

    def start(
        self, *arguments: object, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> fork_server.Process:
        """Start `spotiflow` without waiting for it."""
        return fork_server.start(
            "import spotiflow.cli.main; spotiflow.cli.main.main()",
            [str(Path(sys.executable).parent / "spotiflow"), *map(str, arguments)],
            cwd=cwd or self.project,
            env=self.env | {"PYTHONPATH": str(PROJECT)} | dict(env or {}),
        )

    def run(self, *arguments: object, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Completed:
        """Run `spotiflow` with these arguments and wait for it."""
        return finish(self.start(*arguments, cwd=cwd, env=env))


def finish(process: fork_server.Process) -> Completed:
    """Wait for a command that `Place.start` started."""
    return Completed(*process.finish())


Parsed = Callable[[Place], Dbt]


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> sharing.Shares:
    """`pytest -n`: who runs what."""
    return sharing.Shares(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    slices = range(1, sharing.SLICES + 1)
    parser.addoption("--slice", type=int, choices=slices, metavar="N", help="of the long tests those of slice N only")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """`--slice`: without the long tests of other slices. `pytest -n`: in the order in which shares are handed out."""
    if number := config.getoption("slice"):
        is_long = {item.nodeid: item.get_closest_marker("long") is not None for item in items}
        chosen = set(sharing.chosen(is_long, number))
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in chosen])
        items[:] = [item for item in items if item.nodeid in chosen]
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: sharing.place_in_line(item.nodeid))


def once_a_session(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], str | None]) -> Path:
    """A folder that `make` filled, the same for all processes of `pytest -n`; fails with the text that it returned."""
    kept = os.environ.get("SPOTIFLOW_TEST_BUILD")
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    folder = Path(kept).absolute() / name if kept else base / f"once-{name}"
    note = base / f"once-{name}.txt"
    with FileLock(base / f"once-{name}.lock"):
        if not note.exists():
            folder.mkdir(parents=True, exist_ok=True)
            note.write_text(make(folder) or "")
        if problem := note.read_text():
            pytest.fail(problem, pytrace=False)
    return folder


def _commands(place: Place, *commands: tuple[str, ...]) -> str | None:
    for arguments in commands:
        done = place.run(*arguments)
        if done.code != 0:
            return f"spotiflow {' '.join(arguments)} ended with {done.code}:\n{done.text}"
    return None


@pytest.fixture(scope="session")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Parsed:
    """dbt that has read the project, or a copy of it, for a place. Reading takes long, so it is done once a session."""

    from dbt.contracts.graph.manifest import Manifest

    def make(folder: Path) -> str | None:
        Dbt(Place(folder).settings).parse()
        return None

    file = once_a_session(tmp_path_factory, "parsed", make) / "target" / "partial_parse.msgpack"

    def dbt(place: Place) -> Dbt:
        read = Dbt(place.settings)
        read.manifest = Manifest.from_msgpack(file.read_bytes())
        for node in read.manifest.nodes.values():
            if node.resource_type == "seed":
                node.root_path = str(place.project)  # where dbt reads its rows
        read._fingerprint, _ = project_state(place.project)
        return read

    return dbt


@pytest.fixture(scope="session")
def manifest(parsed: Parsed, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What dbt knows of the project."""
    return parsed(Place(tmp_path_factory.mktemp("manifest"))).manifest


@pytest.fixture(scope="session")
def sample_data(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The sample loaded, built, tested and published; no site yet."""

    def make(folder: Path) -> str | None:
        return _commands(Place(folder), ("load", "sample", "--if-empty"), ("refresh", "--no-site"))

    return Place(once_a_session(tmp_path_factory, "sample", make))


@pytest.fixture(scope="session")
def sample_build(sample_data: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The sample with its site, in a copy: `spotiflow refresh` finds the data current and builds the site only."""

    def make(folder: Path) -> str | None:
        place = Place(folder)
        for part in ("data", "target"):
            shutil.rmtree(folder / part, ignore_errors=True)
            shutil.copytree(sample_data.folder / part, folder / part, ignore=shutil.ignore_patterns("*.lock*"))
        problem = _commands(place, ("refresh",))
        if problem and place.build_log.exists():
            problem += f"\n{place.build_log.read_text()[-4000:]}"
        return problem

    return Place(once_a_session(tmp_path_factory, "site", make))
