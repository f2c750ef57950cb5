"""What is loaded, built, published and shown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from extract.raw.schema import DATASET, tables_of
from spotiflow import run_log, warehouse
from spotiflow.checksums import project_fingerprint
from spotiflow.cli.doctor.findings import Finding, ok, problem, warning
from spotiflow.console import CommandError
from spotiflow.formatting import ago, count
from spotiflow.locks import connect, holder_of
from spotiflow.publication import read_publication
from spotiflow.publish.stamp import shows_published_data
from spotiflow.settings import Settings, shown

if TYPE_CHECKING:
    import duckdb

_RECENT_POLL = timedelta(hours=6)  # fifty songs: what Spotify remembers is less than some people's evening
_OWN_ACCOUNTS = f"select user_id from {DATASET}.accounts where not coalesce(is_sample, false)"


def examine(settings: Settings) -> Iterator[Finding]:
    """All findings about data."""
    yield from _warehouse(settings)
    yield from _results(settings)


def _warehouse(settings: Settings) -> Iterator[Finding]:
    path = settings.warehouse
    holder = holder_of(path)
    if holder is not None:
        yield ok("Lock", f"held by {holder}")
    else:
        yield ok("Lock", "free")
    if not path.exists():
        yield warning("Warehouse", "nothing is loaded", "spotiflow load sample")
        return
    try:
        connection = connect(path, read_only=True, wait=False)
    except CommandError as error:
        if holder is not None:
            yield ok("Warehouse", "in use by another command; run doctor again when that is done")
        else:
            yield problem(
                "Warehouse", str(error).splitlines()[0], "Close the program that has it open, or restore the file."
            )
        return
    with connection:
        people = warehouse.accounts(connection)
        plays = sum(person.plays for person in people)
        if not plays:
            yield warning("Warehouse", "no listening is loaded", "spotiflow load sample")
        else:
            newest = warehouse.newest_load(connection)
            age = f", newest load {ago(newest, _now())}" if newest else ""
            yield ok("Warehouse", f"{count(len(people), 'account')}, {count(plays, 'play')}{age}")
        yield from _pending(settings)
        for look in (_polls, _endpoints, _gaps, _rejected, _latest_build):
            yield from look(connection)


def _pending(settings: Settings) -> Iterator[Finding]:
    from extract.raw import spool
    from extract.raw.loader import set_aside_folder, working_folder

    folder = working_folder(settings.warehouse)
    waiting = [path for path in folder.glob("*/load/normalized/*") if path.is_dir()]
    answers = list(spool.folder(settings.warehouse).glob("*.json"))
    if waiting or answers:
        parts = [count(len(waiting), "interrupted load")] if waiting else []
        parts += [count(len(answers), "stored response")] if answers else []
        yield warning("Loads", f"not finished: {' and '.join(parts)}", "`spotiflow refresh` finishes them.")
    aside = set_aside_folder(settings.warehouse)
    kept = sorted(aside.iterdir()) if aside.is_dir() else []
    if kept:
        yield warning(
            "Set aside",
            f"{count(len(kept), 'load')} could not be loaded: {shown(aside)}",
            f"The notes there say what to load again. Then delete {shown(aside)}.",
        )


def _polls(connection: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    if "poll_log" not in tables_of(connection):
        return
    rows = connection.execute(
        f"""
        select user_id, max(requested_at) as last_at, max_by(outcome, requested_at) as outcome
        from {DATASET}.poll_log
        where endpoint like '%recently-played' and user_id in ({_OWN_ACCOUNTS})
        group by user_id order by user_id
        """
    ).fetchall()
    names = {person.user_id: person.name for person in warehouse.accounts(connection)}
    for user_id, last_at, outcome in rows:
        name = f"Last poll of {names.get(user_id, user_id[:6])}"
        text = f"{ago(last_at, _now())}: {outcome}"
        if outcome not in ("ok", "empty"):
            yield warning(name, text, "Run `spotiflow load api`: it says what is wrong and what to do.")
        elif _now() - last_at > _RECENT_POLL:
            yield warning(name, text, "Spotify remembers only 50 plays. Poll more often: spotiflow follow --every 15m")
        else:
            yield ok(name, text)


def _endpoints(connection: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    """Which endpoints this app may call, according to the latest response of each."""
    if "poll_log" not in tables_of(connection):
        return
    rows = connection.execute(
        f"""
        select endpoint, max_by(status_code, requested_at), max_by(outcome, requested_at)
        from {DATASET}.poll_log
        where status_code is not null
            and (user_id = '' or user_id in ({_OWN_ACCOUNTS}))
        group by endpoint order by endpoint
        """
    ).fetchall()
    may = [endpoint for endpoint, status, _ in rows if status < 400]
    closed = [endpoint for endpoint, status, _ in rows if status in (403, 404)]
    if may:
        yield ok("API access", ", ".join(may))
    if closed:
        yield ok("No access", f"{', '.join(closed)} (closed to most apps; other providers fill in)")


def _gaps(connection: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    if "listening_gaps" not in tables_of(connection, "marts"):
        return
    (open_ones,) = connection.execute(
        f"select count(*) from marts.listening_gaps where gap_status <> 'closed' and user_id in ({_OWN_ACCOUNTS})"
    ).fetchone() or (0,)
    if open_ones:
        yield warning(
            "Gaps",
            f"plays may be missing in {count(open_ones, 'gap')} between polls",
            "Request your extended streaming history at spotify.com/account/privacy. Loading it fills the gaps.",
        )
    else:
        yield ok("Gaps", "none known")


def _rejected(connection: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    if "rejected_rows" not in tables_of(connection):
        return
    (rows,) = connection.execute(f"select count(*) from {DATASET}.rejected_rows").fetchone() or (0,)
    if rows:
        yield ok("Rejected rows", f"{rows:,}, kept in raw_spotify.rejected_rows with their reasons")


def _latest_build(connection: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    failed = run_log.latest_failure(connection)
    if failed:
        yield problem("Build", failed, "spotiflow refresh")


def _results(settings: Settings) -> Iterator[Finding]:
    publication = read_publication(settings.published)
    if publication is None:
        yield warning("Published", "nothing yet", "spotiflow refresh")
    elif publication.project_fingerprint != project_fingerprint(settings.root):
        yield warning("Published", "models, definitions or tests have changed since", "spotiflow refresh")
    else:
        yield ok(
            "Published", f"{ago(publication.published_at, _now())}, {count(publication.tests_total, 'test')} passed"
        )
    if not (settings.site / "index.html").is_file():
        yield warning("Site", "not built yet", "spotiflow refresh")
    elif not shows_published_data(settings):
        yield warning("Site", "does not show the published data", "spotiflow site")
    else:
        yield ok("Site", "shows the published data")


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
