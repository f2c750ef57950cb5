"""Running Evidence: npm's commands in a folder of their own, and what their log says of a failure.

Evidence ends with code 0 when queries or components fail, so the log decides.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from spotiflow import signals
from spotiflow.console import CommandError
from spotiflow.settings import Settings, shown

# What Evidence prints when a query or a component failed; it then builds on and exits 0.
_FAILURES = re.compile(r"Error in |Internal Error|Missed substition")


def build_pages(settings: Settings, npm: str, work: Path, data: Path, at: Callable[[str], None]) -> None:
    """Build the pages in the folder `work`, a copy of `reports/`, from the DuckDB file `data`.

    Raises CommandError with the log's name and the first failure.
    """
    settings.logs.mkdir(parents=True, exist_ok=True)
    log = settings.logs / "site.log"
    environment = _environment(data, work)
    with log.open("wb") as stream:
        at("Reading the published data")
        _run([npm, "run", "sources"], work, environment, stream, log)
        _run([npm, "run", "build"], work, environment, stream, log, lambda: at("Building the pages"))
    check_log(log)
    if not (work / "build" / "index.html").is_file():
        raise CommandError(f"The build produced no start page. Its log: {shown(log)}")


def check_log(log: Path) -> None:
    """Raise CommandError when the log of a build tells of a failed query or component."""
    if _FAILURES.search(_plain(log.read_text(errors="replace"))):
        raise CommandError(_failure(log, 0, "A query or a component of the pages failed."))


def find_npm(settings: Settings) -> str:
    """The npm to build with. Raises CommandError, saying what to install, when npm or a package is missing."""
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
    # A build must not depend on a user's own Evidence settings, nor make npm ask its registry.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("EVIDENCE_", "VITE_"))}
    source = work / "sources" / "marts"
    return environment | {
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


def _run(
    command: list[str],
    folder: Path,
    environment: dict[str, str],
    stream: BinaryIO,
    log: Path,
    while_running: Callable[[], None] = lambda: None,
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
            while_running()
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


def _failure(log: Path, began: int, what: str) -> str:
    with log.open("rb") as stream:
        stream.seek(began)
        lines = [_plain(line).strip() for line in stream.read().decode(errors="replace").splitlines()]
    telling = [line for line in lines if _FAILURES.search(line) or re.search(r"\berror\b", line, re.IGNORECASE)]
    excerpt = telling[:3] or [line for line in lines if line][-3:]
    return "\n".join(
        [f"The site could not be built. {what}", *(f"  {line[:200]}" for line in excerpt), f"Full log: {shown(log)}"]
    )


def _plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
