"""dbt inside this process: one import, one parse, its own output in a log file, its results in plain words."""

from __future__ import annotations

import io
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from spotiflow import seed_files
from spotiflow.checksums import project_state
from spotiflow.console import CommandError
from spotiflow.dbt_names import in_plain_words, subjects
from spotiflow.formatting import command_words, count
from spotiflow.settings import Settings, shown
from spotiflow.signals import quiet_resource_tracker


@dataclass(frozen=True)
class NodeResult:
    """What became of one model, seed or test."""

    unique_id: str
    resource_type: str  # model, seed, test, unit_test, operation
    name: str
    status: str  # success, pass, warn, fail, error, skipped
    failures: int | None
    message: str
    plain: str  # what it promises, in plain words
    subjects: tuple[str, ...]  # files to look at: the seed or model, not the test
    compiled_path: Path | None

    @property
    def is_test(self) -> bool:
        """Data test or unit test."""
        return self.resource_type in ("test", "unit_test")

    @property
    def is_bad(self) -> bool:
        """Failed or broke; warnings and what was skipped are not bad."""
        return self.status in ("fail", "error", "runtime error")


@dataclass
class BuildResult:
    """What one dbt command did."""

    ok: bool
    results: list[NodeResult] = field(default_factory=list)
    error: str | None = None  # why dbt could not even begin (broken YAML or SQL, a locked file)

    def having(self, *statuses: str, tests: bool | None = None) -> list[NodeResult]:
        """Results with one of these statuses; only tests, only builds, or both (None)."""
        return [r for r in self.results if r.status in statuses and (tests is None or r.is_test == tests)]

    @property
    def bad(self) -> list[NodeResult]:
        """Failed tests and nodes that broke, in the order in which they ran."""
        return [r for r in self.results if r.is_bad]

    @property
    def in_short(self) -> str:
        """`52 models, 310 tests`."""
        models = len(self.having("success", tests=False))
        tests = len(self.having("pass", "warn", tests=True))
        return f"{count(models, 'table')} built" + (f", {count(tests, 'test')} passed" if tests else "")


class Dbt:
    """Runs dbt commands on the project; keeps the manifest, so that a second command need not parse again."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.manifest: Any = None
        self._fingerprint = ""  # of the project that `manifest` describes
        self._read_at = ""  # when reading it began

    def parse(self) -> Any:
        """The manifest of the code on disk now. Raises CommandError when it cannot be parsed."""
        self.manifest = None
        self._fingerprint, newest_change = project_state(self.settings.root)
        # Times of change are known to the second: a file that changed in this one would count as changed while read.
        time.sleep(max(0.0, min(1.0, newest_change + 1 - time.time())))
        self._read_at = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}+00"
        result = self._invoke(["parse"], None)
        if not result.success:
            # dbt reads only what changed since it last ran, and can trip over what it remembers of the rest.
            result = self._invoke(["--no-partial-parse", "parse"], None)
        if not result.success or result.result is None:
            raise CommandError(_problem(result.exception, self.settings))
        self.manifest = result.result
        return self.manifest

    def build(self, arguments: Sequence[str], at: Callable[[str], None]) -> BuildResult:
        """`dbt build` with these arguments; `at` hears what is being done."""
        self.read(at)

        done, total = 0, 0

        def listen(event: Any) -> None:
            nonlocal done, total
            name = event.info.name
            if name == "LogStartLine":
                total = max(total, event.data.total)
                at(f"{done} of {total}: {event.data.node_info.node_name}")
            elif name == "NodeFinished":
                done += 1

        result = self._invoke(["build", *arguments], listen)
        results = [
            described
            for run in getattr(result.result, "results", None) or []
            if (described := self._describe(run)) is not None
        ]
        build = BuildResult(ok=bool(result.success), results=results)
        if not build.ok and not build.bad:
            build.error = _problem(result.exception, self.settings)
        return build

    def incremental_models(self) -> list[str]:
        """dbt's ids of the models that keep their rows from one build to the next."""
        nodes = self.read().nodes.items()
        return [name for name, node in nodes if node.config.materialized == "incremental"]

    def read(self, at: Callable[[str], None] = lambda _: None) -> Any:
        """The manifest; parsed only if the project has changed since it was parsed last."""
        if self.manifest is None or project_state(self.settings.root)[0] != self._fingerprint:
            at("Reading models and tests")
            self.parse()
        return self.manifest

    def compile_models(self) -> dict[str, Any]:
        """The manifest as JSON data, the SQL of every model written out. Asks the warehouse only which tables exist."""
        command = ["compile", "--select", "resource_type:model", "--no-populate-cache"]
        result = self._invoke(command, None)
        if not result.success:
            failed = [run for run in getattr(result.result, "results", None) or [] if str(run.status) == "error"]
            problem = result.exception or (failed[0].message if failed else None)
            raise CommandError(_problem(problem, self.settings))
        return dict(json.loads((self.settings.target / "manifest.json").read_text(encoding="utf-8")))

    def _invoke(self, arguments: list[str], listen: Callable[[Any], None] | None) -> Any:
        settings = self.settings
        settings.logs.mkdir(parents=True, exist_ok=True)
        settings.warehouse.parent.mkdir(parents=True, exist_ok=True)
        command = [
            # Its own words go to logs/dbt.log; here people read ours.
            *("--log-level", "none", "--log-level-file", "debug", "--log-path", str(settings.logs)),
            *("--no-use-colors-file", "--no-print"),
            *arguments,
            *("--project-dir", str(settings.root), "--profiles-dir", str(settings.root)),
            *("--target-path", str(settings.target)),
        ]
        sink = io.StringIO()  # what slips past dbt's own log settings must not end up between our lines
        read_at = self._read_at if self.manifest else None
        with _environment(settings, read_at), redirect_stdout(sink), redirect_stderr(sink):
            quiet_resource_tracker()
            from dbt.cli.main import dbtRunner

            try:
                return dbtRunner(manifest=self.manifest, callbacks=[listen] if listen else []).invoke(command)
            finally:
                _let_go_of_the_warehouse()

    def _describe(self, run: Any) -> NodeResult | None:
        node = run.node
        kind = str(node.resource_type)
        if kind == "operation" and str(run.status) == "success":
            return None
        manifest = self.manifest
        compiled = getattr(node, "compiled_path", None)
        path = Path(compiled) if compiled else None
        if path is not None and not path.is_absolute():
            path = self.settings.root / path
        return NodeResult(
            unique_id=node.unique_id,
            resource_type=kind,
            name=node.name,
            status=str(run.status),
            failures=run.failures,
            message=self._message(run),
            plain=in_plain_words(manifest, node.unique_id),
            subjects=subjects(manifest, node.unique_id),
            compiled_path=path if path is not None and path.exists() else None,
        )

    def _message(self, run: Any) -> str:
        """What dbt said; of a seed that it could not load, what is wrong with the file instead."""
        node = run.node
        if str(node.resource_type) == "seed" and str(run.status) == "error":
            types = {column.name: column.data_type or "" for column in node.columns.values()}
            if found := seed_files.problem(self.settings.root / node.original_file_path, types):
                return found
        return _tidy(run.message or "", self.settings)


def _let_go_of_the_warehouse() -> None:
    """Close the file, which dbt holds open until its process ends: the next step of this one writes to it."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    if DuckDBConnectionManager._ENV is not None:
        DuckDBConnectionManager.env().close()
        DuckDBConnectionManager.close_all_connections()


def _problem(exception: BaseException | str | None, settings: Settings) -> str:
    text = _tidy(str(exception) if exception else "dbt stopped without saying why", settings)
    return f"dbt could not run: {text}\nIts full log: {shown(settings.logs / 'dbt.log')}"


def _tidy(message: str, settings: Settings) -> str:
    """dbt's message without its headline, empty lines and this machine's folders."""
    message = message.replace(f"{settings.root}/", "")
    lines = [line.rstrip() for line in message.splitlines() if line.strip()]
    kept = [
        line
        for line in lines
        if not re.fullmatch(r"\s*(\w+ Error in .*|Compilation Error|Runtime Error|Parsing Error)", line)
    ]
    kept = [line for line in kept if not line.strip().startswith("compiled code at ")]
    return "\n".join(kept or lines)


@contextmanager
def _environment(settings: Settings, project_read_at: str | None) -> Iterator[None]:
    """dbt sees absolute paths and the project's root as its folder, whatever the caller's folder is."""
    before, arguments = Path.cwd(), sys.argv
    # dbt writes down the command that it runs in: without arguments, because an account's label may be one.
    sys.argv = [arguments[0], *command_words(arguments[1:])]
    wanted = {"SPOTIFLOW_WAREHOUSE": str(settings.warehouse), "DO_NOT_TRACK": "1"}
    if project_read_at:
        wanted["SPOTIFLOW_PROJECT_READ_AT"] = project_read_at  # the run's log compares it with the files
    saved = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    os.chdir(settings.root)
    try:
        yield
    finally:
        sys.argv = arguments
        os.chdir(before)
        for name, value in saved.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
