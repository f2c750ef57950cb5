"""The gate: may these marts be published? Everything is read from dbt's own log in the warehouse.

For every published model and everything behind it (models, seeds, and every test on any of these) the latest
build and the latest test run must have passed: with the code that is on disk now, on the raw data that is
there now, with default vars and flags, each after whatever it was built from or judges.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from spotiflow import warehouse
from spotiflow.checksums import node_checksum
from spotiflow.dbt_runner import in_plain_words
from spotiflow.formatting import count, moment, some

if TYPE_CHECKING:
    import duckdb

_BUILDING = ("build", "run", "seed", "snapshot", "retry")
_BUILT = ("model", "seed", "snapshot")
_Problems = dict[tuple[str, str], list[str]]  # problem and kind of node -> names
_REFRESH = "Run `spotiflow refresh`."


@dataclass(frozen=True)
class Reason:
    """One reason not to publish, and what to do about it."""

    text: str
    remedy: str = _REFRESH


@dataclass
class Verdict:
    """What the gate found."""

    reasons: list[Reason] = field(default_factory=list)
    tests_passed: int = 0
    tests_warned: int = 0
    models_built: int = 0
    raw_fingerprint: str = ""
    listening_fingerprint: str = ""
    published: list[Published] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Nothing speaks against publishing."""
        return not self.reasons

    @property
    def remedies(self) -> list[str]:
        """What to do, each once; "run it again" only when nothing has to be corrected first."""
        remedies = list(dict.fromkeys(reason.remedy for reason in self.reasons))
        return [remedy for remedy in remedies if remedy != _REFRESH] or remedies


@dataclass(frozen=True)
class Published:
    """A table of the published file and where it comes from."""

    name: str
    schema: str
    identifier: str
    order: tuple[str, ...]  # key columns; empty: all columns


@dataclass(frozen=True)
class _Logged:
    """The latest line about a node in dbt's log."""

    status: str
    failures: int | None
    message: str | None
    checksum: str
    executed_at: datetime
    raw_fingerprint: str
    vars: str
    flags: str
    command: str


def published_nodes(manifest: Any) -> dict[str, Any]:
    """The models that ask to be published (`config.meta.published`) and the seeds that define what they mean."""
    return {
        unique_id: node
        for unique_id, node in manifest.nodes.items()
        if (node.resource_type == "model" and node.config.meta.get("published") is True)
        or (node.resource_type == "seed" and node.original_file_path.startswith("seeds/definitions/"))
    }


def published_tables(manifest: Any) -> list[Published]:
    """The tables of the published file. A model with versions appears under each version's name, and its
    latest version under the plain name as well (what dbt keeps as a pointer is a table here)."""
    found: dict[str, Published] = {}
    for node in published_nodes(manifest).values():
        order = _key_columns(manifest, node)
        found[node.alias] = Published(node.alias, node.schema, node.alias, order)
        if getattr(node, "version", None) is not None and node.version == node.latest_version:
            found[node.name] = Published(node.name, node.schema, node.alias, order)
    return [found[name] for name in sorted(found)]


def changed_incrementals(connection: duckdb.DuckDBPyConnection, manifest: Any) -> list[str]:
    """Names of incremental models whose table was made by other code than is on disk now.

    Their rows would be made anew one way or another, but a table that exists cannot drop or retype a column.
    """
    if "dbt_results" not in warehouse.tables(connection, "workflow"):
        return []
    logged = _latest(connection)
    return sorted(
        node.name
        for unique_id, node in manifest.nodes.items()
        if node.resource_type == "model"
        and node.config.materialized == "incremental"
        and unique_id in logged
        and logged[unique_id].checksum != node_checksum(manifest, unique_id)
    )


def judge(connection: duckdb.DuckDBPyConnection, manifest: Any) -> Verdict:
    """The verdict on the published models, for the warehouse behind `connection` and the code in `manifest`."""
    verdict = Verdict(
        raw_fingerprint=warehouse.raw_fingerprint(connection),
        listening_fingerprint=warehouse.listening_fingerprint(connection),
        published=published_tables(manifest),
    )
    targets = set(published_nodes(manifest))
    if not targets:
        verdict.reasons.append(
            Reason(
                "No model asks to be published.", "Set `config: {meta: {published: true}}` on the marts of the site."
            )
        )
        return verdict
    if "dbt_results" not in warehouse.tables(connection, "workflow"):
        verdict.reasons.append(Reason("Nothing was built in this warehouse yet."))
        return verdict
    if not verdict.raw_fingerprint:
        verdict.reasons.append(
            Reason(
                "No listening is loaded.",
                "Run `spotiflow load sample`, or `spotiflow load export` with your own export.",
            )
        )
        return verdict

    logged = _latest(connection)
    behind = _ancestors(manifest, targets)
    builds = {u for u in behind if u in manifest.nodes and manifest.nodes[u].resource_type in _BUILT}
    interrupted = _interrupted(connection)
    if interrupted is not None:
        command, began = interrupted
        if any(unique_id in logged and logged[unique_id].executed_at < began for unique_id in builds):
            verdict.reasons.append(
                Reason(f"`{command}`, begun {moment(began)}, did not finish: what it changed is unknown.")
            )
    data_time = _DataTimes(manifest, logged)
    problems: _Problems = defaultdict(list)
    for unique_id in sorted(builds):
        _judge_build(unique_id, manifest, logged.get(unique_id), data_time, verdict, problems)
    for unique_id in sorted(_tests_on(manifest, behind)):
        _judge_test(unique_id, manifest, logged.get(unique_id), data_time, verdict, problems)

    # What was not built or tested because something else failed is no news beside the failure.
    failed = bool(verdict.reasons) or any(problem == "broken" for problem, _ in problems)
    for (problem, kind), names in problems.items():
        if not (failed and problem in ("skipped", "test skipped")):
            verdict.reasons.append(_reason(problem, kind, names))
    return verdict


def _judge_build(
    unique_id: str,
    manifest: Any,
    entry: _Logged | None,
    data_time: _DataTimes,
    verdict: Verdict,
    problems: _Problems,
) -> None:
    node = manifest.nodes[unique_id]
    fingerprint = verdict.raw_fingerprint if _reads_raw(manifest, unique_id) else None
    problem = _build_problem(entry, node_checksum(manifest, unique_id), fingerprint)
    # A view shows whatever its parents hold now; a table only what they held when it was built.
    is_view = node.config.materialized == "view"
    if not problem and not is_view and data_time.newer_than(entry, node):
        problem = "older than what it is made from"
    if problem:
        problems[problem, node.resource_type].append(node.name)
    elif node.resource_type == "model":
        verdict.models_built += 1


def _judge_test(
    unique_id: str,
    manifest: Any,
    entry: _Logged | None,
    data_time: _DataTimes,
    verdict: Verdict,
    problems: _Problems,
) -> None:
    node = manifest.nodes.get(unique_id) or manifest.unit_tests[unique_id]
    # A unit test brings its own rows: neither a load nor a build makes its pass old, only other code does.
    is_unit = node.resource_type == "unit_test"
    fingerprint = None if is_unit or not _reads_raw(manifest, unique_id) else verdict.raw_fingerprint
    problem = _test_problem(entry, node_checksum(manifest, unique_id), fingerprint, is_unit)
    if not problem and not is_unit and data_time.newer_than(entry, node):
        problem = "not run since"
    plain = in_plain_words(manifest, unique_id)
    if problem == "failed" and entry is not None:
        rows = f" ({count(entry.failures, 'row')} broke it)" if entry.failures and not is_unit else ""
        remedy = "Correct what the test found, then run `spotiflow refresh`."
        verdict.reasons.append(Reason(f"A test failed: {plain}{rows}.", remedy))
    elif problem:
        problems[problem, "test"].append(plain)
    elif entry is not None and entry.status == "warn":
        verdict.tests_warned += 1
    else:
        verdict.tests_passed += 1


_WORDS = {
    "never built": ("was never built here", "were never built here"),
    "broken": ("could not be built", "could not be built"),
    "skipped": (
        "was left out of the latest build, because something before it failed",
        "were left out of the latest build, because something before them failed",
    ),
    "other code": ("changed on disk since it was built", "changed on disk since they were built"),
    "other data": ("was built before the newest load", "were built before the newest load"),
    "other settings": ("was built with other than default settings", "were built with other than default settings"),
    "older than what it is made from": ("is older than what it is made from", "are older than what they are made from"),
    "never run": ("was never run", "were never run"),
    "test skipped": (
        "was not run, because something before it failed",
        "were not run, because something before them failed",
    ),
    "test changed": ("changed since its latest run", "or what they judge changed since their latest run"),
    "not run since": ("was not run since the newest build or load", "were not run since the newest build or load"),
    "test settings": ("was run with other than default settings", "were run with other than default settings"),
}


def _reason(problem: str, kind: str, names: list[str]) -> Reason:
    one, many = _WORDS[problem]
    if len(names) == 1:
        return Reason(f"The {kind} {names[0]} {one}." if kind != "test" else f'A test {one}: "{names[0]}".')
    # Ten names help nobody: what is wrong and how many say it all, two or three names show where to look.
    examples = some(names) if kind != "test" else some((f'"{name}"' for name in names), 1)
    return Reason(f"{count(len(names), kind)} {many}: {examples}.")


def _build_problem(entry: _Logged | None, checksum: str, fingerprint: str | None) -> str | None:
    if entry is None:
        return "never built"
    if entry.status == "skipped":
        return "skipped"
    if entry.status != "success":
        return "broken"
    if entry.command not in _BUILDING or entry.vars != "{}" or entry.flags != "{}":
        return "other settings"
    if entry.checksum != checksum:
        return "other code"
    if fingerprint is not None and entry.raw_fingerprint != fingerprint:
        return "other data"
    return None


def _test_problem(entry: _Logged | None, checksum: str, fingerprint: str | None, is_unit: bool) -> str | None:
    if entry is None:
        return "never run"
    if entry.status == "skipped":
        return "test skipped"
    if entry.status not in ("pass", "warn"):
        return "failed"
    if not is_unit and (entry.vars != "{}" or entry.flags != "{}"):
        return "test settings"
    if is_unit and entry.vars != "{}":
        return "test settings"
    if entry.checksum != checksum:
        return "test changed"
    if fingerprint is not None and entry.raw_fingerprint != fingerprint:
        return "not run since"
    return None


def _latest(connection: duckdb.DuckDBPyConnection) -> dict[str, _Logged]:
    rows = connection.execute(
        """
        select
            r.unique_id, r.status, r.failures, r.message, r.checksum, r.executed_at,
            i.raw_fingerprint, i.vars, i.flags, i.command
        from workflow.dbt_results as r
        inner join workflow.dbt_runs as i using (invocation_id)
        qualify row_number() over (partition by r.unique_id order by r.executed_at desc, i.started_at desc) = 1
        """
    ).fetchall()
    return {unique_id: _Logged(*rest) for unique_id, *rest in rows}


def _interrupted(connection: duckdb.DuckDBPyConnection) -> tuple[str, datetime] | None:
    """The newest dbt run that never wrote its results: it was killed, or it still runs."""
    row = connection.execute(
        """
        select coalesce(invocation, 'dbt ' || command), started_at
        from workflow.dbt_runs where finished_at is null order by started_at desc limit 1
        """
    ).fetchone()
    return (str(row[0]), row[1]) if row else None


def _ancestors(manifest: Any, targets: set[str]) -> set[str]:
    seen: set[str] = set()
    waiting = list(targets)
    while waiting:
        unique_id = waiting.pop()
        if unique_id in seen:
            continue
        seen.add(unique_id)
        node = manifest.nodes.get(unique_id)
        if node is not None:
            waiting += node.depends_on_nodes
    return seen


def _tests_on(manifest: Any, behind: set[str]) -> set[str]:
    data_tests = {
        unique_id
        for unique_id, node in manifest.nodes.items()
        if node.resource_type == "test" and behind.intersection(node.depends_on_nodes)
    }
    unit_tests = {
        unique_id for unique_id, test in manifest.unit_tests.items() if behind.intersection(test.depends_on_nodes)
    }
    return data_tests | unit_tests


def _reads_raw(manifest: Any, unique_id: str) -> bool:
    return any(node.startswith("source.") for node in _ancestors(manifest, {unique_id}))


class _DataTimes:
    """When the rows that a node shows were last written: for a view, when what lies behind it was."""

    def __init__(self, manifest: Any, logged: dict[str, _Logged]) -> None:
        self._manifest = manifest
        self._logged = logged
        self._known: dict[str, datetime] = {}

    def __call__(self, unique_id: str) -> datetime:
        if unique_id not in self._known:
            node = self._manifest.nodes.get(unique_id)
            entry = self._logged.get(unique_id)
            times = [entry.executed_at] if entry else []
            if node is not None and node.config.materialized == "view":
                times += [self(parent) for parent in node.depends_on_nodes]
            self._known[unique_id] = max(times, default=datetime.min)
        return self._known[unique_id]

    def newer_than(self, entry: _Logged | None, node: Any) -> bool:
        """Whether anything that `node` hangs on was written after it was built or run."""
        return entry is not None and any(self(parent) > entry.executed_at for parent in node.depends_on_nodes)


def _key_columns(manifest: Any, node: Any) -> tuple[str, ...]:
    """The columns to sort by: `meta.published_order`, else the columns of its only test `is_key`, else all."""
    wanted = node.config.meta.get("published_order")
    if wanted:
        # dbt appends lists: a version that was parsed before its model had versions has the order of both.
        return tuple(dict.fromkeys(column for column in wanted if column in node.columns))
    keys = [
        test.test_metadata.kwargs["columns"]
        for test in manifest.nodes.values()
        if test.resource_type == "test"
        and getattr(test, "attached_node", None) == node.unique_id
        and test.test_metadata.name == "is_key"
        and test.config.where is None
    ]
    return tuple(keys[0]) if len(keys) == 1 else ()
