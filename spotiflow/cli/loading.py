"""The load commands: sample and real listening never share a warehouse, and nothing is lost in keeping them apart.

A load that would replace a warehouse goes into a fresh file first, which replaces the old one only when at least one
row arrived. dlt's working folder moves with its warehouse, so a package that an interrupted load left behind can never
end up in somebody else's data.
"""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from extract.atomic_file import swap_in
from extract.report import FileReport, LoadReport
from spotiflow import warehouse
from spotiflow.console import CommandError, Screen
from spotiflow.formatting import columns, count
from spotiflow.locks import connect, is_alive
from spotiflow.settings import Settings, shown
from spotiflow.warehouse import Kind

Loader = Callable[[Path], LoadReport]

OTHER_WAREHOUSE = """\
To look at the sample next to your own listening, give it a warehouse of its own:
  export SPOTIFLOW_WAREHOUSE=data/sample.duckdb SPOTIFLOW_PUBLISHED=data/sample_published.duckdb
  spotiflow load sample && spotiflow refresh
(The site then shows the sample until you `unset` both and run `spotiflow refresh --force`.)"""


def held(settings: Settings, wait: bool, say: Callable[[str], None]) -> Kind:
    """Whose listening the warehouse holds now. Also removes what killed loads left beside it."""
    _remove_leftovers(settings.warehouse)
    if not settings.warehouse.exists():
        return Kind.NOTHING
    with connect(settings.warehouse, read_only=True, wait=wait, say=say) as connection:
        return warehouse.kind(connection)


def load_own(settings: Settings, loader: Loader, kind: Kind) -> tuple[LoadReport, bool]:
    """Load somebody's own listening or features; True when it replaced the sample."""
    if kind is not Kind.SAMPLE:
        _adopt_answers(settings.warehouse, settings.warehouse)
        return loader(settings.warehouse), False

    def with_answers(fresh: Path) -> LoadReport:
        _adopt_answers(settings.warehouse, fresh)
        return loader(fresh)

    report, replaced = _load_aside(settings.warehouse, with_answers)
    return report, replaced


def load_sample(settings: Settings, loader: Loader) -> LoadReport:
    """Load the sample into a fresh warehouse. The caller has made sure that it holds nobody's own listening."""
    report, replaced = _load_aside(settings.warehouse, loader)
    if not replaced:
        raise CommandError("The sample was read, but no row of it was loaded. The warehouse is as it was.")
    return report


def _load_aside(target: Path, loader: Loader) -> tuple[LoadReport, bool]:
    fresh = target.with_name(f"{target.stem}.loading-{os.getpid()}.duckdb")
    try:
        report = loader(fresh)
        if report.rows_loaded == 0 or not fresh.exists():
            return report, False
        _take_place(fresh, target)
        return report, True
    finally:
        _remove_database(fresh)


def _adopt_answers(target: Path, into: Path) -> None:
    """Take over responses of a load that was killed before its fresh warehouse replaced the sample."""
    from extract.raw import spool

    pattern = re.compile(re.escape(target.stem) + r"\.loading-(\d+)\.spool")
    for entry in sorted(target.parent.iterdir()) if target.parent.is_dir() else ():
        found = pattern.fullmatch(entry.name)
        if found and not is_alive(int(found[1])):
            spool.adopt(entry, into)


def _take_place(fresh: Path, target: Path) -> None:
    from extract.raw.loader import working_folder

    # In this order a crash at any point leaves a warehouse whose working folder is its own or missing;
    # dlt restores a missing one from the warehouse.
    shutil.rmtree(working_folder(target), ignore_errors=True)
    Path(f"{target}.wal").unlink(missing_ok=True)
    swap_in(fresh, target)
    if working_folder(fresh).exists():
        working_folder(fresh).rename(working_folder(target))


def _remove_leftovers(target: Path) -> None:
    pattern = re.compile(re.escape(target.stem) + r"\.loading-(\d+)\.(duckdb|duckdb\.wal|dlt)")
    if not target.parent.is_dir():
        return
    for entry in list(target.parent.iterdir()):
        found = pattern.fullmatch(entry.name)
        if found and not is_alive(int(found[1])):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink(missing_ok=True)


def _remove_database(path: Path) -> None:
    from extract.raw import spool
    from extract.raw.loader import working_folder

    path.unlink(missing_ok=True)
    Path(f"{path}.wal").unlink(missing_ok=True)
    shutil.rmtree(working_folder(path), ignore_errors=True)
    waiting = spool.folder(path)
    # Answers that wait in it are adopted by the next load; an empty folder is only in the way.
    if waiting.is_dir() and not any(waiting.iterdir()):
        waiting.rmdir()


def summarise(screen: Screen, report: LoadReport) -> None:
    """What one load did: totals, the files if they are few, what was rejected and why, what could not be read."""
    read = sum(file.rows_read for file in report.files)
    aside: Counter[str] = Counter()
    rejected: Counter[str] = Counter()
    for file in report.files:
        aside.update(file.set_aside)
        rejected.update(file.rejected)
    repeated = sum(file.repeated for file in report.files)

    new = "" if report.rows_new is None else f", {report.rows_new:,} of them new"
    files = count(len(report.files), "file")
    screen.heading(f"{report.title}: {count(report.rows_loaded, 'row')} loaded from {files}{new}")
    if len(report.files) <= 12:
        for line in columns([_file_row(file) for file in report.files], right=(1,)):
            screen.say(line)
    else:
        screen.say(f"  {read:,} read")
    kinds = {"episode": "podcast episode", "audiobook": "audiobook chapter", "unknown": "row without a title"}
    plurals = {"unknown": "rows without a title"}
    if aside:
        parts = [count(rows, kinds.get(kind, kind), plurals.get(kind)) for kind, rows in sorted(aside.items())]
        screen.say(f"  set aside (not music): {', '.join(parts)}")
    if repeated:
        screen.say(f"  {count(repeated, 'exact repeat')} counted once")
    if rejected:
        screen.say(f"  rejected, kept in raw_spotify.rejected_rows: {count(sum(rejected.values()), 'row')}")
        named = [file for file in report.files if file.first_rejected]
        for reason, rows in rejected.most_common():
            screen.say(f"    {rows:,}  {reason}{_where(named, reason)}")
        if named:
            screen.say("    (Row 1 is the first record: the line under a header, if there is one.)")
    for note in dict.fromkeys(
        [*([report.note] if report.note else []), *(file.note for file in report.files if file.note)]
    ):
        for line in note.splitlines():
            screen.say(f"  {line}")
    if report.problems:
        screen.heading(f"Could not be read to the end: {count(len(report.problems), 'file')}")
        for file in report.problems:
            screen.say(f"  {file.file}: {file.problem}")


def _where(files: list[FileReport], reason: str) -> str:
    """`: rows 4, 9, 12 and 31 more`, of each file that has such rows."""
    from extract.report import rows_named

    places = [
        ("" if len(files) == 1 else f"{file.file} ") + rows_named(file.first_rejected[reason], file.rejected[reason])
        for file in files
        if reason in file.first_rejected
    ]
    return f": {', '.join(places)}" if places else ""


def _file_row(file: FileReport) -> list[str]:
    parts = [f"{file.rows_loaded:,}"]
    details = []
    if sum(file.set_aside.values()):
        details.append(f"{sum(file.set_aside.values()):,} set aside")
    if file.repeated:
        details.append(f"{file.repeated:,} repeated")
    if file.rejected:
        details.append(f"{sum(file.rejected.values()):,} rejected")
    of = f"of {count(file.rows_read, 'row')}" + (f" ({', '.join(details)})" if details else "")
    return [file.file, *parts, of]


def sample_elsewhere(settings: Settings) -> str:
    """How to look at the sample when the warehouse holds somebody's own listening."""
    where = shown(settings.warehouse)
    return f"{where} holds your own listening; sample listeners are never mixed into it.\n{OTHER_WAREHOUSE}"
