"""The site: Evidence builds it from the published file alone, in a folder of its own; complete, it takes its place.

Evidence writes its build to `build/` of the folder it runs in, and keeps rows of earlier builds in
`.evidence/`. So each build runs in a fresh copy of `reports/` (a few hundred small files; Node finds
`reports/node_modules` one folder up): no row of a former account can be in it, the standing site is not
touched until the new one is complete, and `npm run dev` can go on next to it.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from extract.atomic_file import recover_folder, swap_in_folder
from spotiflow.console import CommandError
from spotiflow.formatting import count, size
from spotiflow.locks import is_alive
from spotiflow.publish.docs import build_docs
from spotiflow.publish.evidence import build_pages, find_npm
from spotiflow.publish.stamp import SiteStamp, page_sources, read_stamp, stamp_of, write_stamp
from spotiflow.settings import Settings, shown

_DOCS = Path("docs", "index.html")  # in the built site; pages link to it


@dataclass(frozen=True)
class BuiltSite:
    """What one site build made."""

    pages: int
    bytes: int

    @property
    def in_short(self) -> str:
        """`12 pages, 93.1 MB`."""
        return f"{count(self.pages, 'page')}, {size(self.bytes)}"


def work_folder(settings: Settings) -> Path:
    """Where this process builds: Node of a killed build may go on for a while in its own folder."""
    return settings.reports / f".build-{os.getpid()}"


def guarded(settings: Settings) -> Path:
    """What the lock of site builds is tied to: one build at a time in a checkout, whatever its warehouse."""
    return settings.reports / ".evidence" / "site"


def build(settings: Settings, at: Callable[[str], None] = lambda _: None) -> BuiltSite:
    """Build the site from the published file; the standing site is replaced only by a complete one.

    Needs no warehouse. Hold the lock of `guarded` meanwhile. Raises CommandError with the log's name and first failure.
    """
    recover_folder(settings.site)
    if not settings.published.exists():
        raise CommandError(
            f"Nothing is published yet ({shown(settings.published)} does not exist).\nRun `spotiflow refresh`."
        )
    check_base_path(settings)
    npm = find_npm(settings)
    work = work_folder(settings)
    _remove_leftovers(settings)
    try:
        work.mkdir(parents=True)
        data = _hold(settings.published, work)
        stamp = stamp_of(settings, data)
        for entry in page_sources(settings.reports):
            if entry.is_dir():
                shutil.copytree(entry, work / entry.name, ignore=shutil.ignore_patterns("node_modules", ".evidence"))
            else:
                shutil.copy2(entry, work / entry.name)
        _configure(work / "evidence.config.yaml", settings.base_path)
        docs = work / "docs.html"
        _document(settings, docs, stamp, at)
        build_pages(settings, npm, work, data, at)
        built = work / "build"
        (built / _DOCS).parent.mkdir(parents=True, exist_ok=True)
        docs.rename(built / _DOCS)
        write_stamp(built, stamp)
        files = [entry for entry in built.rglob("*") if entry.is_file()]
        made = BuiltSite(
            pages=sum(1 for entry in files if entry.suffix == ".html"),
            bytes=sum(entry.stat().st_size for entry in files),
        )
        at("Putting the new site in place")
        swap_in_folder(built, settings.site)
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
            f"SPOTIFLOW_BASE_PATH is {path!r}. Each part may have letters, digits, “.”, “_” and “-”, as in /music."
        )
    # Evidence puts the base path in front of an address unless the address begins with it: /d would take in /day/.
    taken = sorted(name for name in _places(settings.reports) if name.startswith(path[1:]))
    if taken:
        raise CommandError(
            f"SPOTIFLOW_BASE_PATH is {path!r}, but the site itself has {', '.join('/' + name for name in taken)}.\n"
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
            raise CommandError("Remove `deployment` from evidence.config.yaml: SPOTIFLOW_BASE_PATH sets it.")
        config.write_text(f"{text.rstrip()}\n\ndeployment:\n  basePath: {base_path}\n", encoding="utf-8")


def _document(settings: Settings, target: Path, stamp: SiteStamp, at: Callable[[str], None]) -> None:
    """dbt's documentation: a copy of the standing site's while it describes the same project, else a new one."""
    standing, former = settings.site / _DOCS, read_stamp(settings.site)
    if former is not None and former.docs_fingerprint == stamp.docs_fingerprint and standing.is_file():
        shutil.copy2(standing, target)
        return
    try:
        build_docs(settings, target, at)
    except CommandError as error:
        raise CommandError(f"The site could not be built: its documentation of the models failed.\n{error}") from error


def _hold(published: Path, work: Path) -> Path:
    """A hard link to the published file: publishing meanwhile replaces the original name, not what we read."""
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


def _remove(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)
