"""A Starlette application on a free port of 127.0.0.1, in a thread, for as long as a `with` block lasts."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

_START_SECONDS = 20.0  # starting takes some 50 ms; the rest is for a machine under load
_STOP_SECONDS = 20.0


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
