"""The gate: may the marts be published? dbt's own log in the warehouse decides.

The newest run that wrote tables must be a `dbt build` of the whole project, in which everything was built and every
test passed: with the project that is on disk now, on the raw data that is there now, with default vars and flags. No
test may have failed since.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spotiflow import run_log, warehouse
from spotiflow.checksums import project_fingerprint
from spotiflow.dbt_names import in_plain_words
from spotiflow.formatting import count
from spotiflow.run_log import LoggedResult, LoggedRun

if TYPE_CHECKING:
    import duckdb

_REFRESH = "Run `spotiflow refresh`."


@dataclass(frozen=True)
class Reason:
    """One reason not to publish, and what to do about it."""

    text: str
    remedy: str = _REFRESH


@dataclass
class GateVerdict:
    """What the gate found; the counts are those of the newest build."""

    raw_fingerprint: str
    listening_fingerprint: str
    project_fingerprint: str
    reasons: list[Reason] = field(default_factory=list)
    tests_passed: int = 0
    tests_warned: int = 0
    models_built: int = 0

    @property
    def is_open(self) -> bool:
        """Whether the marts may be published."""
        return not self.reasons

    @property
    def remedies(self) -> list[str]:
        """What to do, each once; "run it again" only when nothing has to be corrected first."""
        remedies = list(dict.fromkeys(reason.remedy for reason in self.reasons))
        return [remedy for remedy in remedies if remedy != _REFRESH] or remedies


def judge(connection: duckdb.DuckDBPyConnection, manifest: Any, root: Path) -> GateVerdict:
    """The verdict on the warehouse behind `connection`. `manifest`: of the project in `root`, as it is on disk now."""
    verdict = GateVerdict(
        warehouse.raw_fingerprint(connection), warehouse.listening_fingerprint(connection), project_fingerprint(root)
    )
    run = run_log.newest_build(connection)
    if run is None:
        verdict.reasons.append(Reason("Nothing was built in this warehouse yet."))
        return verdict
    if not verdict.raw_fingerprint:
        remedy = "Run `spotiflow load sample`, or `spotiflow load export` with your own export."
        verdict.reasons.append(Reason("No listening is loaded.", remedy))
        return verdict
    verdict.reasons += [Reason(text) for text in _out_of_date(run, verdict)]
    if run.finished_at is None:
        verdict.reasons.append(Reason(f"The newest build, {run}, did not finish: what it changed is unknown."))
        return verdict

    good, failed = run_log.good_results(connection, run), run_log.failures_since(connection, run)
    verdict.tests_passed = sum(result.status == "pass" for result in good)
    verdict.tests_warned = sum(result.status == "warn" for result in good)
    verdict.models_built = sum(result.resource_type == "model" for result in good)
    verdict.reasons += [_reason(result, in_plain_words(manifest, result.unique_id)) for result in failed]
    # Beside a failure or another project, what is missing is a consequence.
    is_explained = bool(failed) or run.project_fingerprint != verdict.project_fingerprint
    is_complete = _everything(manifest) <= {result.unique_id for result in good}
    if run.command != "build" or not (is_complete or is_explained):
        verdict.reasons.append(Reason(f"The newest build, {run}, was not a `dbt build` of the whole project."))
    return verdict


def _out_of_date(run: LoggedRun, now: GateVerdict) -> list[str]:
    found = []
    if run.vars != "{}" or run.flags != "{}":
        found.append(f"The newest build, {run}, did not use the default settings.")
    if run.raw_fingerprint != now.raw_fingerprint:
        found.append(f"Data was loaded after the newest build, {run}, began.")
    if run.project_fingerprint is None:
        found.append(f"Files of the project changed while the newest build, {run}, was reading them.")
    elif run.project_fingerprint != now.project_fingerprint:
        found.append(f"Models, seeds, macros or tests changed after the newest build, {run}, began.")
    return found


def _reason(failed: LoggedResult, name: str) -> Reason:
    if not failed.is_test:
        return Reason(f"The {failed.resource_type} {name} could not be built.")
    rows = f" ({count(failed.failures, 'row')} broke it)" if failed.failures and failed.resource_type == "test" else ""
    return Reason(f"A test failed: {name}{rows}.", "Correct what the test found, then run `spotiflow refresh`.")


def _everything(manifest: Any) -> set[str]:
    """What a `dbt build` of the whole project builds and tests."""
    kinds = ("model", "seed", "snapshot", "test")
    return {name for name, node in manifest.nodes.items() if node.resource_type in kinds} | set(manifest.unit_tests)
