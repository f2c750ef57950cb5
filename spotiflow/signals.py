"""Ctrl+C and polite kills: everything ends at once, and nothing is left half done.

The signal does not become an exception: raised in the middle of a library's code (dbt's threads, an import)
it may be swallowed or leave a lock behind, and the command hangs. Ending on the spot is safe here, because every
step survives even a power cut: DuckDB and dlt finish or forget what was under way, published file and site are
swapped in whole, and the next command clears away what lies beside them.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress

_groups: set[int] = set()
"""Process groups of commands that we started and that must not outlive us."""

_SHOW_CURSOR = b"\x1b[?25h"


def install() -> None:
    """End at once on SIGINT and SIGTERM."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)


def ends_with_us(group: int) -> None:
    """Kill this process group when we are stopped."""
    _groups.add(group)


def has_ended(group: int) -> None:
    """The process group ended by itself."""
    _groups.discard(group)


def quiet_resource_tracker() -> None:
    """Start multiprocessing's helper, which dbt needs, with its messages discarded.

    It cleans up after a process that ended on the spot, and would announce each semaphore on the terminal.
    """
    from multiprocessing import resource_tracker

    stderr, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        resource_tracker.ensure_running()
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nowhere)


def stop(number: int, _: object) -> None:
    """End this process at once, and the commands that it started."""
    for group in _groups:
        with suppress(OSError):
            os.killpg(group, signal.SIGTERM)
    with suppress(OSError):
        if sys.stderr.isatty():
            os.write(2, _SHOW_CURSOR + b"\n")
        os.write(2, b"Stopped. Nothing is half done: run the same command again.\n")
    os._exit(128 + number)
