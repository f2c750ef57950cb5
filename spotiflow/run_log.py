"""What dbt did in a warehouse: every question to the log that the macros in `macros/run_log/` write.

`run_log.dbt_runs` has one row per dbt command that writes or tests tables, `run_log.dbt_results` one row per model,
seed and test of it. A warehouse in which dbt never ran has neither.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from extract.raw.schema import tables_of
from spotiflow.formatting import count, moment

if TYPE_CHECKING:
    import duckdb

_IS_GOOD = "status in ('success', 'pass', 'warn')"


@dataclass(frozen=True)
class LoggedRun:
    """One dbt command."""

    invocation_id: str
    started_at: datetime  # UTC
    finished_at: datetime | None  # None: it was killed, or it still runs
    command: str  # build, run, seed, test, …
    invocation: str  # as it was typed
    vars: str
    flags: str  # those that change what tables hold
    raw_fingerprint: str
    project_fingerprint: str | None  # None: files changed while dbt read them

    def __str__(self) -> str:
        # dbt writes "dbt refresh" when `spotiflow refresh` runs it.
        typed = self.invocation if self.command in self.invocation else self.invocation.replace("dbt", "spotiflow", 1)
        return f"`{typed}` of {moment(self.started_at)}"


@dataclass(frozen=True)
class LoggedResult:
    """What became of a model, seed or test."""

    unique_id: str
    resource_type: str
    status: str
    failures: int | None

    @property
    def is_test(self) -> bool:
        """Data test or unit test."""
        return self.resource_type in ("test", "unit_test")


def newest_build(connection: duckdb.DuckDBPyConnection) -> LoggedRun | None:
    """The newest run that did more than test; None when there was none."""
    if not _exists(connection):
        return None
    row = connection.execute(
        """
        select
            invocation_id, started_at, finished_at, command, coalesce(invocation, 'dbt ' || command), vars, flags,
            raw_fingerprint, project_fingerprint
        from run_log.dbt_runs where command <> 'test' order by started_at desc limit 1
        """
    ).fetchone()
    return LoggedRun(*row) if row else None


def good_results(connection: duckdb.DuckDBPyConnection, run: LoggedRun) -> list[LoggedResult]:
    """What a run built and tested without a failure; what it skipped is not among them."""
    rows = connection.execute(
        f"""
        select unique_id, resource_type, status, failures from run_log.dbt_results
        where invocation_id = ? and {_IS_GOOD} order by unique_id
        """,
        [run.invocation_id],
    ).fetchall()
    return [LoggedResult(*row) for row in rows]


def failures_since(connection: duckdb.DuckDBPyConnection, run: LoggedRun) -> list[LoggedResult]:
    """What failed in a run or in any run after it, each once."""
    rows = connection.execute(
        f"""
        select unique_id, any_value(resource_type), any_value(status), max(failures)
        from run_log.dbt_results
        inner join run_log.dbt_runs using (invocation_id)
        where started_at >= ? and status <> 'skipped' and not {_IS_GOOD}
        group by unique_id
        order by unique_id
        """,
        [run.started_at],
    ).fetchall()
    return [LoggedResult(*row) for row in rows]


def has_other_code(connection: duckdb.DuckDBPyConnection, models: Collection[str], project_fingerprint: str) -> bool:
    """Whether one of these models (dbt's ids) was last built with other project files."""
    if not _exists(connection):
        return False
    row = connection.execute(
        """
        select bool_or(latest is distinct from ?)
        from (
            select arg_max_null(project_fingerprint, started_at) as latest
            from run_log.dbt_results
            inner join run_log.dbt_runs using (invocation_id)
            where status = 'success' and list_contains(?::varchar[], unique_id)
            group by unique_id
        )
        """,
        [project_fingerprint, list(models)],
    ).fetchone()
    return bool(row and row[0])


def was_built_since(connection: duckdb.DuckDBPyConnection, since: datetime) -> bool:
    """Whether dbt has run in the warehouse since `since` (UTC), whatever came of it."""
    if not _exists(connection):
        return False
    row = connection.execute("select count(*) from run_log.dbt_runs where started_at > ?", [since]).fetchone()
    return bool(row and row[0])


def latest_failure(connection: duckdb.DuckDBPyConnection) -> str | None:
    """A sentence about the latest dbt run if it failed or never finished."""
    if not _exists(connection):
        return None
    row = connection.execute(
        """
        select i.started_at, i.finished_at,
            count(*) filter (r.status in ('fail', 'error') and r.resource_type in ('test', 'unit_test')),
            count(*) filter (r.status in ('fail', 'error') and r.resource_type not in ('test', 'unit_test'))
        from run_log.dbt_runs as i
        left join run_log.dbt_results as r using (invocation_id)
        where i.started_at = (select max(started_at) from run_log.dbt_runs)
        group by all
        """
    ).fetchone()
    if row is None:
        return None
    began, ended, tests, models = row
    if ended is None:
        return f"the build that began on {moment(began)} did not finish"
    if tests or models:
        parts = [count(models, "table") + " not built"] if models else []
        parts += [count(tests, "test") + " failed"] if tests else []
        return f"the latest build, {moment(began)}, failed: {', '.join(parts)}; `spotiflow refresh` names them"
    return None


def _exists(connection: duckdb.DuckDBPyConnection) -> bool:
    return "dbt_results" in tables_of(connection, "run_log")
