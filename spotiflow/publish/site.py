"""Building the site: aside, then swapped in whole. Its pages show the published file and nothing else; beside them
stands dbt's documentation of the models that made it.

Evidence writes its build to `build/` of the folder it runs in, and keeps rows of earlier builds in
`.evidence/`. So each build runs in a fresh copy of `reports/` (a few hundred small files; Node finds
`reports/node_modules` one folder up): no row of a former account can be in it, the standing site is not
touched until the new one is complete, and `npm run dev` can go on next to it.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from spotiflow import signals
from spotiflow.checksums import file_checksum, files_fingerprint, project_fingerprint
from spotiflow.console import CommandError
from spotiflow.formatting import count, size
from spotiflow.locks import is_alive
from spotiflow.publish.docs import build_docs
from spotiflow.settings import Settings, shown

# What Evidence prints when a query or a component failed; it then builds on and exits 0.
_FAILURES = re.compile(r"Error in |Internal Error|Missed substition")
_STAMP = "spotiflow-site.json"
_DOCS = Path("docs", "index.html")  # in the built site; pages link to it
_NOT_COPIED = {"node_modules", ".evidence", "build", "screenshots", "test-results"}


@dataclass(frozen=True)
class Built:
    """What one site build made."""

    pages: int
    bytes: int
    was_current: bool = False

    @property
    def in_short(self) -> str:
        """`12 pages, 93.1 MB`."""
        if self.was_current:
            return "already shows this data"
        return f"{count(self.pages, 'page')}, {size(self.bytes)}"


@dataclass(frozen=True)
class Stamp:
    """What a built site was made from; lies in its folder."""

    published_sha256: str
    pages_fingerprint: str
    docs_fingerprint: str
    built_at: str
    base_path: str = ""


def work_folder(settings: Settings) -> Path:
    """Where the build of this process takes place: a killed build's Node may go on for a while in its own."""
    return settings.reports / f".build-{os.getpid()}"


def guarded(settings: Settings) -> Path:
    """What the lock of site builds is tied to: one build at a time in a checkout, whatever its warehouse."""
    return settings.reports / ".evidence" / "site"


def read_stamp(site: Path) -> Stamp | None:
    """What the standing site was made from; None when there is none."""
    try:
        return Stamp(**json.loads((site / _STAMP).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def shows_published_data(settings: Settings) -> bool:
    """Whether the standing site was made from the published file that is there now."""
    stamp = read_stamp(settings.site)
    return (
        stamp is not None
        and settings.published.exists()
        and stamp.published_sha256 == file_checksum(settings.published)
    )


def is_current(settings: Settings) -> bool:
    """Whether building the site again would give the same: same published file, same pages, same models behind them."""
    stamp = read_stamp(settings.site)
    return (
        stamp is not None
        and stamp.pages_fingerprint == pages_fingerprint(settings)
        and stamp.docs_fingerprint == docs_fingerprint(settings)
        and stamp.base_path == settings.base_path
        and shows_published_data(settings)
    )


def pages_fingerprint(settings: Settings) -> str:
    """md5 over everything in `reports/` that a build reads."""
    if not settings.reports.is_dir():
        return ""
    return files_fingerprint(settings.root, _inputs(settings.reports))


def docs_fingerprint(settings: Settings) -> str:
    """md5 over everything that decides what the documentation says: models, seeds, macros, tests, and its writer."""
    from spotiflow import dbt_runner
    from spotiflow.publish import docs

    writers = [Path(str(module.__file__)) for module in (docs, dbt_runner)]
    own = files_fingerprint(Path(str(dbt_runner.__file__)).parent, writers)
    return hashlib.md5(f"{project_fingerprint(settings.root)} {own}".encode(), usedforsecurity=False).hexdigest()


def build(settings: Settings, at: Callable[[str], None] = lambda _: None) -> Built:
    """Build the site from the published file; the standing site is replaced only by a complete one.

    Needs no warehouse. Hold the lock of `guarded` meanwhile. Raises CommandError with the log's name and first failure.
    """
    recover(settings)
    if not settings.published.exists():
        raise CommandError(
            f"Nothing is published yet ({shown(settings.published)} does not exist).\nRun `spotiflow refresh`."
        )
    check_base_path(settings)
    npm = _npm(settings)
    work = work_folder(settings)
    _remove_leftovers(settings)
    settings.logs.mkdir(parents=True, exist_ok=True)
    log = settings.logs / "site.log"
    try:
        work.mkdir(parents=True)
        data = _take(settings.published, work)
        stamp = Stamp(
            *(file_checksum(data), pages_fingerprint(settings), docs_fingerprint(settings)), _now(), settings.base_path
        )
        for entry in _inputs(settings.reports):
            if entry.is_dir():
                shutil.copytree(entry, work / entry.name, ignore=shutil.ignore_patterns("node_modules", ".evidence"))
            else:
                shutil.copy2(entry, work / entry.name)
        _configure(work / "evidence.config.yaml", settings.base_path)
        docs = work / "docs.html"
        _document(settings, docs, stamp, at)
        environment = _environment(data, work)
        with log.open("wb") as stream:
            at("Reading the published data")
            _run([npm, "run", "sources"], work, environment, stream, log)
            _run([npm, "run", "build"], work, environment, stream, log, lambda: at("Building the pages"))
        _scan(log)
        built = work / "build"
        if not (built / "index.html").is_file():
            raise CommandError(f"The build made no start page. Its log: {shown(log)}")
        (built / _DOCS).parent.mkdir(parents=True, exist_ok=True)
        docs.rename(built / _DOCS)
        (built / _STAMP).write_text(json.dumps(stamp.__dict__, indent=2) + "\n")
        files = [entry for entry in built.rglob("*") if entry.is_file()]
        made = Built(
            pages=sum(1 for entry in files if entry.suffix == ".html"),
            bytes=sum(entry.stat().st_size for entry in files),
        )
        at("Putting the new site in place")
        _swap(built, settings.site)
    finally:
        _remove(work)
    return made


def check_base_path(settings: Settings) -> None:
    """Raise CommandError, saying what would be right, unless pages can be hosted below the base path."""
    path = settings.base_path
    if not path:
        return
    if not re.fullmatch(r"(/[A-Za-z0-9][A-Za-z0-9._-]*)+", path):
        raise CommandError(
            f"SPOTIFLOW_BASE_PATH is {path!r}: its parts are letters, digits, “.”, “_” and “-”, for example /music."
        )
    # Evidence puts the base path in front of an address unless the address begins with it: /d would take in /day/.
    taken = sorted(name for name in _places(settings.reports) if name.startswith(path[1:]))
    if taken:
        raise CommandError(
            f"SPOTIFLOW_BASE_PATH is {path!r}, and the site itself has {', '.join('/' + name for name in taken)}.\n"
            "Choose a path that none of these begins with."
        )


def _places(reports: Path) -> set[str]:
    """First parts of the addresses that a built site has."""
    pages = {entry.name.removesuffix(".md") for entry in (reports / "pages").glob("*") if entry.name[0] not in "+."}
    files = {entry.name for entry in (reports / "static").glob("*")}
    return pages | files | {"_app", "api", "data", "docs"}


def _configure(config: Path, base_path: str) -> None:
    """Write the base path into the build's copy of Evidence's configuration, in which nothing else sets it."""
    if base_path:
        text = config.read_text(encoding="utf-8")
        if re.search(r"^deployment:", text, re.MULTILINE):
            raise CommandError("evidence.config.yaml sets `deployment`: take that out, SPOTIFLOW_BASE_PATH sets it.")
        config.write_text(f"{text.rstrip()}\n\ndeployment:\n  basePath: {base_path}\n", encoding="utf-8")


def _document(settings: Settings, target: Path, stamp: Stamp, at: Callable[[str], None]) -> None:
    """dbt's documentation: that of the standing site while nothing has changed that it describes, else a new one."""
    standing, former = settings.site / _DOCS, read_stamp(settings.site)
    if former is not None and former.docs_fingerprint == stamp.docs_fingerprint and standing.is_file():
        shutil.copy2(standing, target)
        return
    try:
        build_docs(settings, target, at)
    except CommandError as error:
        raise CommandError(f"The site could not be built: its documentation of the models failed.\n{error}") from error


def _take(published: Path, work: Path) -> Path:
    """A second name for this very file: whoever publishes meanwhile replaces the first name, not what we read."""
    data = work / "published.duckdb"
    try:
        data.hardlink_to(published)
    except OSError:  # another file system
        shutil.copyfile(published, data)
    return data


def _remove_leftovers(settings: Settings) -> None:
    for entry in settings.reports.glob(".build-*"):
        number = entry.name.rpartition("-")[2]
        if number.isdigit() and (int(number) == os.getpid() or not is_alive(int(number))):
            _remove(entry)


def recover(settings: Settings) -> None:
    """Finish or undo what a killed build left: the standing site comes back if a swap was cut in two."""
    site = settings.site
    former, following = _beside(site, "former"), _beside(site, "next")
    if not site.exists() and former.exists():
        former.rename(site)
    _remove(former)
    _remove(following)


def _swap(built: Path, site: Path) -> None:
    """Put `built` in the place of `site`, in one step where the kernel can."""
    following, former = _beside(site, "next"), _beside(site, "former")
    site.parent.mkdir(parents=True, exist_ok=True)
    # First onto the site's own file system (usually a rename), because only there can folders be exchanged.
    shutil.move(built, following)
    if not site.exists():
        following.rename(site)
    elif _exchange(following, site):
        _remove(following)
    else:
        site.rename(former)
        following.rename(site)
        _remove(former)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders atomically (Linux); False where that is not possible."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    at_current_folder, exchange = -100, 2
    return bool(renameat2(at_current_folder, os.fsencode(one), at_current_folder, os.fsencode(other), exchange) == 0)


def _beside(site: Path, word: str) -> Path:
    return site.with_name(f".{site.name}-{word}")


def _inputs(reports: Path) -> list[Path]:
    return sorted(
        entry
        for entry in reports.iterdir()
        if entry.name not in _NOT_COPIED and not entry.name.startswith(".build") and not entry.name.endswith(".log")
    )


def _npm(settings: Settings) -> str:
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise CommandError(
            "The site needs Node.js 20 or newer, and `node` or `npm` is not on the PATH.\n"
            "Install it (https://nodejs.org), run `make setup`, then `spotiflow site`. What was published is kept."
        )
    if not (settings.reports / "node_modules").is_dir():
        raise CommandError("The site's packages are not installed. Run `make setup`, then `spotiflow site`.")
    return npm


def _environment(data: Path, work: Path) -> dict[str, str]:
    # Neither somebody's own Evidence settings nor npm's questions to the registry belong in a build.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("EVIDENCE_", "VITE_"))}
    source = work / "sources" / "marts"
    environment |= {
        # Evidence joins this to the source's folder: it has to be relative.
        "EVIDENCE_SOURCE__marts__filename": os.path.relpath(data, source),
        "npm_config_offline": "true",
        "npm_config_update_notifier": "false",
        "npm_config_audit": "false",
        "npm_config_fund": "false",
        "NO_COLOR": "1",
        "FORCE_COLOR": "0",
        "CI": "true",
    }
    return environment


def _run(
    command: list[str],
    folder: Path,
    environment: dict[str, str],
    stream: BinaryIO,
    log: Path,
    still_at_it: Callable[[], None] = lambda: None,
) -> None:
    began = log.stat().st_size
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=stream,
        stderr=subprocess.STDOUT,
        # Its own group: npm starts shells that start Node, and all of them end together.
        start_new_session=True,
    )
    signals.ends_with_us(process.pid)
    try:
        while process.poll() is None:
            time.sleep(0.25)
            still_at_it()
    except BaseException:
        _stop(process)
        raise
    finally:
        signals.has_ended(process.pid)
    if process.returncode != 0:
        raise CommandError(_failure(log, began, f"`npm run {command[-1]}` ended with code {process.returncode}."))


def _stop(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(timeout=5)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def _scan(log: Path) -> None:
    if _FAILURES.search(_plain(log.read_text(errors="replace"))):
        raise CommandError(_failure(log, 0, "A query or a component of the pages failed."))


def _failure(log: Path, began: int, what: str) -> str:
    with log.open("rb") as stream:
        stream.seek(began)
        lines = [_plain(line).strip() for line in stream.read().decode(errors="replace").splitlines()]
    telling = [line for line in lines if _FAILURES.search(line) or re.search(r"\berror\b", line, re.IGNORECASE)]
    shown_lines = telling[:3] or [line for line in lines if line][-3:]
    return "\n".join(
        [
            f"The site could not be built. {what}",
            *(f"  {line[:200]}" for line in shown_lines),
            f"Full log: {shown(log)}",
        ]
    )


def _plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def _remove(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
