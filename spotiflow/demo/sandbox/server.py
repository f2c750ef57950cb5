"""Serves a Starlette application on a free port of 127.0.0.1, in a thread, while a `with` block lasts."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp

from spotiflow.demo.sandbox.faults import FaultMiddleware, Faults

_START_SECONDS = 20.0  # starting takes some 50 ms; the rest is for a machine under load
_STOP_SECONDS = 20.0


@dataclass(frozen=True)
class SeenRequest:
    """A request that reached a stand-in."""

    method: str
    path: str
    query: dict[str, str]


class StandIn:
    """A stand-in server: `with` serves it at `url`. It remembers `requests` and answers with `faults`, if any."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self.faults = Faults()
        self.requests: list[SeenRequest] = []
        self.url = ""
        self.app = FaultMiddleware(Starlette(routes=list(routes)), self.faults)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self.url = self._stack.enter_context(serve(self.app))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def note(self, request: Request) -> None:
        """Remember a request."""
        self.requests.append(SeenRequest(request.method, request.url.path, dict(request.query_params)))

    def forget(self) -> None:
        """Forget all requests and faults."""
        self.faults.clear()
        self.requests.clear()


@contextmanager
def serve(app: ASGIApp) -> Iterator[str]:
    """Serve `app` and yield its base URL (`http://127.0.0.1:PORT`); the port is free again afterwards.

    Raises:
        RuntimeError: the server did not start.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))  # reachable from this machine only
    port = listener.getsockname()[1]
    # log_config None: uvicorn must not touch the logging of the program that it is started in
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="sandbox", daemon=True)
    thread.start()
    try:
        _wait_until_started(server, thread)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(_STOP_SECONDS)
        listener.close()


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("the stand-in server did not start")
        time.sleep(0.005)
