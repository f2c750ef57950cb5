"""`spotiflow doctor`: everything that has to be right for SpotiFlow to work, each with its remedy.

Reads and never repairs: what it finds must be what the next command meets.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from extract.raw.schema import DATASET, tables_of
from spotiflow import run_log, warehouse
from spotiflow.checksums import project_fingerprint
from spotiflow.console import CommandError
from spotiflow.formatting import ago, count, size
from spotiflow.locks import connect, holder_of
from spotiflow.publication import read_publication
from spotiflow.publish.stamp import shows_published_data
from spotiflow.settings import Settings, shown

if TYPE_CHECKING:
    import duckdb

_PYTHON = (3, 11)
_NODE = 20
_JAVA = 17
_PACKAGES = ("dbt-core", "dbt-duckdb", "duckdb", "dlt", "spotipy", "pyarrow")
# Building the site was measured to take 3.2 GB of memory and to leave 0.3 GB on disk.
_LITTLE_DISK, _TOO_LITTLE_DISK = 2_000_000_000, 500_000_000
_LITTLE_MEMORY = 4_000_000_000
_CONNECT_SECONDS = 3.0
_LOGIN_LIFE = timedelta(days=182)
_LOGIN_WARNING = timedelta(days=30)
_RECENT_POLL = timedelta(hours=6)  # fifty songs: what Spotify remembers is less than some people's evening

_OWN_ACCOUNTS = f"select user_id from {DATASET}.accounts where not coalesce(is_sample, false)"


class Verdict(Enum):
    """How a requirement stands."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """One requirement: what was found, and what to do unless it is ok."""

    name: str
    verdict: Verdict
    text: str
    remedy: str | None = None


def _ok(name: str, text: str) -> Finding:
    return Finding(name, Verdict.OK, text)


def _warning(name: str, text: str, remedy: str) -> Finding:
    return Finding(name, Verdict.WARNING, text, remedy)


def _problem(name: str, text: str, remedy: str) -> Finding:
    return Finding(name, Verdict.PROBLEM, text, remedy)


def examine(settings: Settings) -> Iterator[Finding]:
    """All findings, in the order in which things depend on each other."""
    yield _python()
    yield from _packages(settings)
    yield _node(settings)
    yield _java()
    yield _disk(settings)
    yield _memory()
    yield from _secrets(settings)
    yield from _logins(settings)
    yield from _reachability(settings)
    yield from _warehouse(settings)
    yield from _results(settings)


# --- the machine ---------------------------------------------------------------------------------------------


def _python() -> Finding:
    running = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < _PYTHON:
        return _problem("Python", f"{running} is too old", "Install Python 3.11 or newer, then run `make setup`.")
    return _ok("Python", running)


def _packages(settings: Settings) -> Iterator[Finding]:
    locked = _locked(settings.root / "requirements" / "dev.lock")
    for name in _PACKAGES:
        try:
            installed = version(name)
        except PackageNotFoundError:
            yield _problem(name, "not installed", "Run `make setup`.")
            continue
        wanted = locked.get(name)
        if wanted is not None and installed != wanted:
            yield _warning(name, f"{installed}; tested with {wanted}", "Run `make setup`.")
        else:
            yield _ok(name, installed)


def _locked(lock: Path) -> dict[str, str]:
    try:
        text = lock.read_text(encoding="utf-8")
    except OSError:
        return {}
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^]]*\])?==([^ ;\\]+)", text, flags=re.MULTILINE))


def _node(settings: Settings) -> Finding:
    found = _said(["node", "--version"])
    if found is None or shutil.which("npm") is None:
        return _warning(
            "Node", "not found: the data can be built, the site cannot", "Install Node 20 or newer: https://nodejs.org"
        )
    number = re.match(r"v?(\d+)", found)
    if number is None or int(number[1]) < _NODE:
        return _warning("Node", f"{found} is too old for the site", "Install Node 20 or newer: https://nodejs.org")
    if not (settings.reports / "node_modules").is_dir():
        return _warning("Node", f"{found}; the site's packages are not installed", "Run `make setup`.")
    return _ok("Node", found.removeprefix("v"))


def _java() -> Finding:
    found = _said(["java", "-version"])
    number = re.search(r'"(?:1\.)?(\d+)', found or "")
    if number is None:
        return _ok("Java", "not found; only Spark needs it")
    if int(number[1]) < _JAVA:
        return _ok("Java", f"{number[1]}; only Spark needs it, and then {_JAVA} or newer")
    return _ok("Java", f"{number[1]}; only Spark needs it")


def _said(command: list[str]) -> str | None:
    """What a program says of its version; None when it is not there or does not answer."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return (done.stdout or done.stderr).strip() or None


def _disk(settings: Settings) -> Finding:
    folder = next(path for path in (settings.warehouse.parent, *settings.warehouse.parents) if path.is_dir())
    free = shutil.disk_usage(folder).free
    text = f"{size(free)} free for {shown(settings.warehouse.parent)}"
    if free < _TOO_LITTLE_DISK:
        return _problem("Disk", text, "Make room: a load that finds the disk full cannot finish.")
    if free < _LITTLE_DISK:
        return _warning("Disk", text, "Make room soon: a build needs space for a second copy of everything.")
    if not os.access(folder, os.W_OK):
        return _problem(
            "Disk", f"{shown(folder)} cannot be written to", "Change its owner or mode, or SPOTIFLOW_WAREHOUSE."
        )
    return _ok("Disk", text)


def _memory() -> Finding:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if total < _LITTLE_MEMORY:
        return _warning("Memory", size(total), "Building the site takes more than 3 GB: build it on a larger machine.")
    return _ok("Memory", size(total))


# --- accounts ------------------------------------------------------------------------------------------------


def _secrets(settings: Settings) -> Iterator[Finding]:
    home = settings.home
    if not home.exists():
        yield _ok("Secrets", f"{shown(home)} is made with the first account")
        return
    open_ones = [
        path for path in (home, *home.rglob("*")) if not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    if open_ones:
        yield _problem(
            "Secrets",
            f"others on this machine can read {shown(open_ones[0])}"
            + (f" and {count(len(open_ones) - 1, 'more file')}" if len(open_ones) > 1 else ""),
            f"chmod -R go-rwx {shown(home)}",
        )
    else:
        yield _ok("Secrets", f"{shown(home)} is readable by you alone")


def _logins(settings: Settings) -> Iterator[Finding]:
    from extract.sources.spotify_api.accounts import known_accounts

    known = known_accounts(settings.home)
    tokens = {path.stem: path for path in sorted((settings.home / "tokens").glob("*.json"))}
    if not tokens:
        yield _ok("Logins", "none; only the live path needs one: spotiflow login --account LABEL")
        return
    for user_id, path in tokens.items():
        entry = known.get(user_id)
        label = entry.label if entry else f"listener {user_id[:6]}"
        name = f"Login of {label}"
        again = f"spotiflow login --account {label if entry else 'LABEL'}"
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            yield _problem(name, f"{shown(path)} cannot be read", again)
            continue
        if not isinstance(stored, dict) or not stored.get("refresh_token"):
            yield _problem(name, f"{shown(path)} is damaged", again)
            continue
        since = entry.logged_in_at if entry else None
        if since is None:
            yield _warning(name, "when it was given is not known; it ends six months after that", again)
            continue
        left = since + _LOGIN_LIFE - _now()
        if left <= timedelta():
            yield _problem(name, "older than six months: Spotify refuses it", again)
        elif left <= _LOGIN_WARNING:
            yield _warning(name, f"ends in {count(left.days, 'day')}", again)
        else:
            yield _ok(name, f"good for {count(left.days, 'more day')}")


def _reachability(settings: Settings) -> Iterator[Finding]:
    from extract.report import LoadError
    from extract.services import services

    if not any((settings.home / "tokens").glob("*.json")):
        return
    try:
        found = services()
    except LoadError as error:
        yield _problem("Services", str(error), "Correct the variable or unset it.")
        return
    for name, base in (
        ("Spotify", found.spotify_api),
        ("Spotify accounts", found.spotify_accounts),
        ("ReccoBeats", found.reccobeats_api),
    ):
        parts = urlsplit(base)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if os.environ.get("https_proxy") or os.environ.get("HTTPS_PROXY"):
            yield _ok(name, f"{parts.hostname} is asked through a proxy; not tried")
            continue
        try:
            socket.create_connection((str(parts.hostname), port), timeout=_CONNECT_SECONDS).close()
        except OSError as error:
            yield _warning(
                name,
                f"{parts.hostname} cannot be reached ({error.strerror or 'no answer'})",
                "Check the network; what is loaded can be built without it.",
            )
        else:
            yield _ok(name, f"{parts.hostname} answers")


# --- what is loaded and built --------------------------------------------------------------------------------


def _warehouse(settings: Settings) -> Iterator[Finding]:
    path = settings.warehouse
    holder = holder_of(path)
    if holder is not None:
        yield _ok("Lock", f"held by {holder}")
    else:
        yield _ok("Lock", "free")
    if not path.exists():
        yield _warning("Warehouse", "nothing is loaded", "spotiflow load sample")
        return
    try:
        connection = connect(path, read_only=True, wait=False)
    except CommandError as error:
        if holder is not None:
            yield _ok("Warehouse", "being written to; look again when that is done")
        else:
            yield _problem(
                "Warehouse", str(error).splitlines()[0], "Close the program that has it open, or restore the file."
            )
        return
    with connection:
        people = warehouse.accounts(connection)
        plays = sum(person.plays for person in people)
        if not plays:
            yield _warning("Warehouse", "nobody's listening is loaded", "spotiflow load sample")
        else:
            newest = warehouse.newest_load(connection)
            age = f", newest load {ago(newest, _now())}" if newest else ""
            yield _ok("Warehouse", f"{count(len(people), 'account')}, {count(plays, 'play')}{age}")
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
        parts += [count(len(answers), "answer") + " of a service"] if answers else []
        yield _warning("Loads", f"not finished: {' and '.join(parts)}", "spotiflow refresh finishes them.")
    aside = set_aside_folder(settings.warehouse)
    kept = sorted(aside.iterdir()) if aside.is_dir() else []
    if kept:
        yield _warning(
            "Set aside",
            f"{count(len(kept), 'load')} that the warehouse did not take, in {shown(aside)}",
            f"The notes in there say what to load again. Then delete {shown(aside)}.",
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
            yield _warning(name, text, "spotiflow load api says what is the matter and what to do.")
        elif _now() - last_at > _RECENT_POLL:
            yield _warning(name, text, "Spotify remembers 50 plays: poll more often, e.g. spotiflow follow --every 15m")
        else:
            yield _ok(name, text)


def _endpoints(connection: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    """Which calls this app may make: the latest answer to each says so."""
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
        yield _ok("May call", ", ".join(may))
    if closed:
        yield _ok("Closed", f"{', '.join(closed)} (closed to most apps; other providers fill in)")


def _gaps(connection: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    if "listening_gaps" not in tables_of(connection, "marts"):
        return
    (open_ones,) = connection.execute(
        f"select count(*) from marts.listening_gaps where gap_status <> 'closed' and user_id in ({_OWN_ACCOUNTS})"
    ).fetchone() or (0,)
    if open_ones:
        yield _warning(
            "Gaps",
            f"plays may be missing in {count(open_ones, 'span')} between polls",
            "Ask for your extended streaming history at spotify.com/account/privacy and load it: it fills them.",
        )
    else:
        yield _ok("Gaps", "none known")


def _rejected(connection: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    if "rejected_rows" not in tables_of(connection):
        return
    (rows,) = connection.execute(f"select count(*) from {DATASET}.rejected_rows").fetchone() or (0,)
    if rows:
        yield _ok("Rejected rows", f"{rows:,}, kept in raw_spotify.rejected_rows with their reasons")


def _latest_build(connection: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    failed = run_log.latest_failure(connection)
    if failed:
        yield _problem("Build", failed, "spotiflow refresh")


def _results(settings: Settings) -> Iterator[Finding]:
    publication = read_publication(settings.published)
    if publication is None:
        yield _warning("Published", "nothing yet", "spotiflow refresh")
    elif publication.project_fingerprint != project_fingerprint(settings.root):
        yield _warning("Published", "models, definitions or tests changed since", "spotiflow refresh")
    else:
        yield _ok(
            "Published", f"{ago(publication.published_at, _now())}, {count(publication.tests_total, 'test')} passed"
        )
    if not (settings.site / "index.html").is_file():
        yield _warning("Site", "not built yet", "spotiflow refresh")
    elif not shows_published_data(settings):
        yield _warning("Site", "shows other data than what is published", "spotiflow site")
    else:
        yield _ok("Site", "shows what is published")


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def worst(findings: list[Finding]) -> Verdict:
    """The verdict over all."""
    order: Callable[[Verdict], int] = list(Verdict).index
    return max((finding.verdict for finding in findings), key=order, default=Verdict.OK)
