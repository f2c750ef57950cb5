"""Processes with everything imported: a server forks them, so that each skips the seconds that imports take.

What runs in one is the same as in a process of `subprocess`: arguments, environment, folder and output are its own.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import duckdb

_ROOT = Path(__file__).resolve().parent.parent
_LONGEST_RUN = 600.0  # seconds


class Process:
    """A forked process; `stdout` is for reading while it runs."""

    def __init__(self, stdout: IO[str], stderr: IO[str], status: IO[str]) -> None:
        self.stdout = stdout
        self.pid = int(status.readline())
        self._status = status
        self._said = io.StringIO()
        self._listener = threading.Thread(target=lambda: self._said.write(stderr.read()), daemon=True)
        self._listener.start()

    def send_signal(self, number: int) -> None:
        """Send a signal; a process that has ended hears nothing."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it as the kernel would."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def finish(self) -> tuple[int, str, str]:
        """Wait for its end: exit code (the signal's number below zero), stdout and stderr. It is killed if it hangs."""
        timer = threading.Timer(_LONGEST_RUN, self.kill)
        timer.start()
        try:
            out = self.stdout.read()
            self._listener.join()
            return int(self._status.readline()), out, self._said.getvalue()
        finally:
            timer.cancel()


@functools.cache
def _server() -> socket.socket:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SPOTIFLOW_", "DBT_", "PYTEST"))}
    command = [sys.executable, "-m", "tests.fork_server", str(theirs.fileno())]
    subprocess.Popen(command, cwd=_ROOT, env=kept, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
    theirs.close()
    return ours


def start(code: str, arguments: list[str], cwd: Path, env: Mapping[str, str]) -> Process:
    """Run Python code in a process with these `sys.argv`, in this folder and environment."""
    request = {"code": code, "arguments": arguments, "cwd": str(cwd), "env": dict(env)}
    pipes = [os.pipe() for _ in range(3)]
    socket.send_fds(_server(), [json.dumps(request).encode()], [writer for _, writer in pipes])
    for _, writer in pipes:
        os.close(writer)
    return Process(*(os.fdopen(reader, encoding="utf-8") for reader, _ in pipes))


def _import_everything() -> None:
    """All that a load and a dbt command import; a child does the load, so that no thread runs here."""
    import dbt.adapters.duckdb.impl
    import dbt.cli.main  # noqa: F401

    import extract.raw.loader
    import spotiflow.cli.main
    import spotiflow.dbt_runner
    import spotiflow.publish.publish  # noqa: F401

    reader, writer = os.pipe()
    if os.fork() == 0:
        with tempfile.TemporaryDirectory() as folder:
            extract.raw.loader.load_tables(Path(folder) / "warehouse.duckdb", {})
        os.write(writer, json.dumps([*sys.modules]).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as modules:
        for name in json.load(modules):
            with contextlib.suppress(ImportError):  # names that packages made up
                importlib.import_module(name)
    duckdb.default_connection().close()  # it has a thread, which no forked process would have


def _next_request(server: socket.socket) -> dict[str, Any]:
    """Fork a process for every request; returns in these only. The server ends with the tests."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        message, descriptors, _, _ = socket.recv_fds(server, 1 << 20, 3)
        if not message:
            os._exit(0)
        if os.fork() == 0:
            break
        for descriptor in descriptors:
            os.close(descriptor)
    # Only a parent hears how a process ended, so each has one that waits for it.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    out, err, status = descriptors
    if pid := os.fork():
        os.close(out)
        os.close(err)
        os.write(status, f"{pid}\n".encode())
        os.write(status, f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n".encode())
        os._exit(0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    for descriptor in descriptors:
        os.close(descriptor)
    return dict(json.loads(message))


def main() -> None:
    """Serve until the tests end."""
    server = socket.socket(fileno=int(sys.argv[1]))
    _import_everything()
    gc.freeze()  # or every process would look through all of it for garbage, and copy it by that
    request = _next_request(server)
    server.close()
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    sys.argv = request["arguments"]
    exec(compile(request["code"], "<test>", "exec"), {"__name__": "__main__"})


if __name__ == "__main__":
    main()
