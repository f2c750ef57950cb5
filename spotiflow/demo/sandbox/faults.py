"""Faults on demand: what a stand-in server sends instead of the real response, and for how many requests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

_PIECES = 8  # in which a slow or cut body is sent


@dataclass(frozen=True)
class Fault:
    """One answer. `body` is sent as it is when text or bytes, as JSON when anything else.

    `reset` breaks the connection without an answer; `cut` sends so much of the body (a share of it, 0-1) and breaks
    the connection then; `seconds` is how long the body takes, a piece at a time.
    """

    status: int
    body: Any = ""
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1  # for how many requests; 0 = for all that come
    content_type: str | None = None  # None: text/plain for text, JSON for the rest
    reset: bool = False
    cut: float | None = None
    seconds: float = 0.0

    async def send(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to a request like this."""
        if self.reset:
            _break(receive)
            await asyncio.sleep(0)  # so that uvicorn sees that nobody waits for an answer
            return
        response = self.response()
        if self.cut is None and not self.seconds:
            await response(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
        body = bytes(response.body)
        sent = body if self.cut is None else body[: int(len(body) * self.cut)]
        step = max(1, -(-len(sent) // _PIECES))
        for start in range(0, len(sent), step):
            if self.seconds:
                await asyncio.sleep(self.seconds / _PIECES)
            await send({"type": "http.response.body", "body": sent[start : start + step], "more_body": True})
        if self.cut is None:
            await send({"type": "http.response.body", "body": b""})
        else:
            await asyncio.sleep(0.01)  # what was written reaches the client before the end does
            _break(receive, politely=True)

    def response(self) -> Response:
        """The answer as Starlette sends it."""
        is_text = isinstance(self.body, str | bytes)
        content = self.body if is_text else json.dumps(self.body)
        media_type = self.content_type or ("text/plain" if is_text else "application/json")
        return Response(content, self.status, self.headers, media_type)


def _break(receive: Receive, politely: bool = False) -> None:
    """Break the connection of a request. uvicorn offers no other way than its transport."""
    transport = receive.__self__.transport  # type: ignore[attr-defined]
    if politely:
        transport.close()
    else:
        transport.abort()


class Faults:
    """The faults of one server, looked up by path.

    `hook`, if set, is asked first at every request and may return a Fault; `add` queues faults for a path.
    """

    def __init__(self) -> None:
        self.hook: Callable[[Request], Fault | None] | None = None
        self._queues: dict[str, list[Fault]] = {}
        self._used: dict[str, int] = {}

    def add(self, path: str, *faults: Fault) -> None:
        """Answer the next requests to `path` with these faults, in this order, then normally again."""
        self._queues.setdefault(path, []).extend(faults)

    def clear(self) -> None:
        """Forget all faults."""
        self.hook = None
        self._queues.clear()
        self._used.clear()

    def next(self, request: Request) -> Fault | None:
        """The fault for this request, if any; counts it as used."""
        if self.hook is not None and (fault := self.hook(request)) is not None:
            return fault
        path = request.url.path
        queue = self._queues.get(path)
        if not queue:
            return None
        fault = queue[0]
        self._used[path] = self._used.get(path, 0) + 1
        if fault.times and self._used[path] >= fault.times:
            queue.pop(0)
            self._used[path] = 0
        return fault


class FaultMiddleware:
    """Responds with a fault where one is due, and passes other requests on."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http":
            request = Request(scope, receive)
            if (fault := self._faults.next(request)) is not None:
                await request.body()  # read to the end, or the client sees a broken pipe instead of the answer
                await fault.send(scope, receive, send)
                return
        await self._app(scope, receive, send)
