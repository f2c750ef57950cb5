"""The machine: Python, packages, Node, disk and memory."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from spotiflow.cli.doctor.findings import Finding, ok, problem, warning
from spotiflow.formatting import size
from spotiflow.settings import Settings, shown

_PYTHON = (3, 11)
_NODE = 20
_JAVA = 17
_PACKAGES = ("dbt-core", "dbt-duckdb", "duckdb", "dlt", "spotipy", "pyarrow")
# Building the site was measured to take 3.2 GB of memory and to leave 0.3 GB on disk.
_LITTLE_DISK, _TOO_LITTLE_DISK = 2_000_000_000, 500_000_000
_LITTLE_MEMORY = 4_000_000_000


def examine(settings: Settings) -> Iterator[Finding]:
    """All findings about the machine."""
    yield _python()
    yield from _packages(settings)
    yield _node(settings)
    yield _java()
    yield _disk(settings)
    yield _memory()


def _python() -> Finding:
    running = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < _PYTHON:
        return problem("Python", f"{running} is too old", "Install Python 3.11 or newer, then run `make setup`.")
    return ok("Python", running)


def _packages(settings: Settings) -> Iterator[Finding]:
    locked = _locked(settings.root / "requirements" / "dev.lock")
    for name in _PACKAGES:
        try:
            installed = version(name)
        except PackageNotFoundError:
            yield problem(name, "not installed", "Run `make setup`.")
            continue
        wanted = locked.get(name)
        if wanted is not None and installed != wanted:
            yield warning(name, f"{installed}; tested with {wanted}", "Run `make setup`.")
        else:
            yield ok(name, installed)


def _locked(lock: Path) -> dict[str, str]:
    try:
        text = lock.read_text(encoding="utf-8")
    except OSError:
        return {}
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^]]*\])?==([^ ;\\]+)", text, flags=re.MULTILINE))


def _node(settings: Settings) -> Finding:
    found = _said(["node", "--version"])
    if found is None or shutil.which("npm") is None:
        return warning(
            "Node", "not found: the data can be built, the site cannot", "Install Node 20 or newer: https://nodejs.org"
        )
    number = re.match(r"v?(\d+)", found)
    if number is None or int(number[1]) < _NODE:
        return warning("Node", f"{found} is too old for the site", "Install Node 20 or newer: https://nodejs.org")
    if not (settings.reports / "node_modules").is_dir():
        return warning("Node", f"{found}; the site's packages are not installed", "Run `make setup`.")
    return ok("Node", found.removeprefix("v"))


def _java() -> Finding:
    found = _said(["java", "-version"])
    number = re.search(r'"(?:1\.)?(\d+)', found or "")
    if number is None:
        return ok("Java", "not found; only Spark needs it")
    if int(number[1]) < _JAVA:
        return ok("Java", f"{number[1]}; only Spark needs it, and then {_JAVA} or newer")
    return ok("Java", f"{number[1]}; only Spark needs it")


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
        return problem("Disk", text, "Free some space: loads fail when the disk is full.")
    if free < _LITTLE_DISK:
        return warning("Disk", text, "Free some space soon: a build needs room for a second copy of everything.")
    if not os.access(folder, os.W_OK):
        return problem(
            "Disk", f"{shown(folder)} is not writable", "Change its owner or mode, or set SPOTIFLOW_WAREHOUSE."
        )
    return ok("Disk", text)


def _memory() -> Finding:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if total < _LITTLE_MEMORY:
        return warning("Memory", size(total), "Building the site takes more than 3 GB. Build it on a larger machine.")
    return ok("Memory", size(total))
