"""Patience with services: what is tried again, how long, what is said and what is noted of every attempt."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from extract import http
from extract.http import Patience, PatientSession, RequestRecord, endpoint_of
from extract.report import LoadError
from extract.service_errors import Outcome, ServiceError, local_time
from spotiflow.demo.sandbox import Fault, serve
from spotiflow.demo.sandbox.faults import FaultMiddleware, Faults

NOW = datetime(2026, 11, 24, 12, 0)
PATH = "/v1/tracks/0000000000000000000001"


@dataclass
class Server:
    url: str
    faults: Faults
    seen: list[str] = field(default_factory=list)


async def _cut_off(scope: Scope, receive: Receive, send: Send) -> None:
    """Promises 100 bytes, sends 10 and closes the connection."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"100")]})
    await send({"type": "http.response.body", "body": b'{"items": ', "more_body": False})


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    faults = Faults()
    made = Server("", faults)

    async def answer(request: Request) -> Response:
        made.seen.append(request.headers.get("authorization", ""))
        return JSONResponse({"fine": True})

    async def moved(request: Request) -> Response:
        return Response(status_code=302, headers={"Location": f"{made.url}{PATH}"})

    routes = [
        Route(PATH, answer, methods=["GET", "POST"]),
        Route("/v1/moved", moved),
        Route("/v1/cut", _CutOff()),
    ]
    with serve(FaultMiddleware(Starlette(routes=routes), faults)) as url:
        made.url = url
        yield made


class _CutOff:
    """An ASGI endpoint: Starlette would add the right length by itself."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _cut_off(scope, receive, send)


@pytest.fixture
def records(server: Server) -> list[RequestRecord]:
    server.faults.clear()
    server.seen.clear()
    return []


@pytest.fixture
def slept() -> list[float]:
    return []


Connect = Callable[..., PatientSession]


@pytest.fixture
def connect(server: Server, records: list[RequestRecord], slept: list[float]) -> Connect:
    def make(**patience: Any) -> PatientSession:
        return PatientSession(
            "tests",
            "The service",
            server.url,
            patience=Patience(**patience),
            on_request=records.append,
            sleep=slept.append,
            clock=lambda: NOW,
        )

    return make


def test_an_answer_is_noted_without_ids(server: Server, connect: Connect, records: list[RequestRecord]) -> None:
    response = connect().get(f"{server.url}{PATH}?market=from_token")
    assert response.json() == {"fine": True}
    assert records == [RequestRecord(NOW, "GET", "tracks/{id}", 200, "ok", None, 1, "tests")]


@pytest.mark.parametrize(
    ("faults", "waits", "outcomes"),
    [
        ([Fault(429, "", {"Retry-After": "2"})], [2.0], ["rate_limited", "ok"]),
        ([Fault(429, "", {"Retry-After": "0"})], [0.5], ["rate_limited", "ok"]),
        ([Fault(429, "")], [0.5], ["rate_limited", "ok"]),
        (
            [Fault(500, "oops"), Fault(502, ""), Fault(503, {"error": "x"})],
            [0.5, 1.0, 2.0],
            ["unavailable"] * 3 + ["ok"],
        ),
        ([Fault(200, '{"fine": tr')], [0.5], ["cut_off", "ok"]),
        ([Fault(200, "null"), Fault(200, "")], [0.5, 1.0], ["nothing", "nothing", "ok"]),
    ],
    ids=["429", "429 zero", "429 bare", "5xx", "half a JSON", "null"],
)
def test_what_passes_is_waited_for(
    server: Server,
    connect: Connect,
    records: list[RequestRecord],
    slept: list[float],
    faults: list[Fault],
    waits: list[float],
    outcomes: list[str],
) -> None:
    server.faults.add(PATH, *faults)
    assert connect().get(server.url + PATH).json() == {"fine": True}
    assert slept == waits
    assert [record.outcome for record in records] == outcomes
    assert [record.attempt for record in records] == list(range(1, len(outcomes) + 1))
    moments = [record.requested_at for record in records]
    assert moments == sorted(set(moments)), "each attempt has a moment of its own, even when the clock stands"


@pytest.mark.parametrize(
    ("fault", "kind", "sentence"),
    [
        (Fault(400, {"error": {"message": "bad"}}, times=0), "refused", "HTTP 400"),
        (Fault(403, "Forbidden", times=0), "forbidden", "“Forbidden”"),
        (Fault(404, "", times=0), "not_found", "no reason given"),
        (Fault(200, "<html>Sign in</html>", times=0), "web_page", "“Sign in”"),
        (Fault(200, "some words", times=0), "unreadable", "“some words”"),
        (Fault(302, "", {"Location": "http://127.0.0.1:9/login"}, times=0), "web_page", "sign-in page"),
    ],
)
def test_what_does_not_pass_is_asked_once(
    server: Server,
    connect: Connect,
    records: list[RequestRecord],
    slept: list[float],
    fault: Fault,
    kind: str,
    sentence: str,
) -> None:
    server.faults.add(PATH, fault)
    with pytest.raises(ServiceError, match=sentence) as refusal:
        connect().get(server.url + PATH)
    assert refusal.value.kind == kind
    assert refusal.value.status == fault.status
    assert [record.outcome for record in records] == [kind]
    assert not slept


def test_patience_ends(server: Server, connect: Connect, records: list[RequestRecord], slept: list[float]) -> None:
    server.faults.add(PATH, Fault(503, "", times=0))
    with pytest.raises(ServiceError) as refusal:
        connect().get(server.url + PATH)
    assert refusal.value.kind == Outcome.UNAVAILABLE
    assert len(records) == 4
    assert slept == [0.5, 1.0, 2.0]


def test_a_long_pause_is_not_slept_through(
    server: Server, connect: Connect, records: list[RequestRecord], slept: list[float]
) -> None:
    server.faults.add(PATH, Fault(429, "", {"Retry-After": "79200"}))
    with pytest.raises(ServiceError, match=r"about 22 hours\. Try again at \d\d:\d\d( on 2\d Nov)? or later") as pause:
        connect().get(server.url + PATH)
    assert (pause.value.kind, pause.value.retry_after) == ("rate_limited", 79_200)
    assert not slept
    assert [record.retry_after_seconds for record in records] == [79_200]


def test_waits_are_bounded_over_all_attempts(
    server: Server, connect: Connect, records: list[RequestRecord], slept: list[float]
) -> None:
    server.faults.add(PATH, Fault(429, "", {"Retry-After": "40"}, times=0))
    with pytest.raises(ServiceError) as pause:
        connect(longest_wait=100.0, attempts=9).get(server.url + PATH)
    assert pause.value.retry_after == 40
    assert slept == [40.0, 40.0]
    assert len(records) == 3


def test_a_redirect_gets_no_token(server: Server, connect: Connect) -> None:
    with pytest.raises(ServiceError) as refusal:
        connect().get(f"{server.url}/v1/moved", headers={"Authorization": "Bearer secret"})
    assert refusal.value.kind == "web_page"
    assert not server.seen


def test_a_body_that_breaks_off(server: Server, connect: Connect, records: list[RequestRecord]) -> None:
    with pytest.raises(ServiceError, match="was cut off") as broken:
        connect(attempts=2).get(f"{server.url}/v1/cut")
    assert broken.value.kind == "cut_off"
    assert [(record.status_code, record.outcome) for record in records] == [(200, "cut_off")] * 2


def test_nobody_there(connect: Connect, records: list[RequestRecord], slept: list[float]) -> None:
    with pytest.raises(ServiceError, match=r"127\.0\.0\.1:9 cannot be reached") as nobody:
        connect().get("http://127.0.0.1:9/v1/me?code=secret")
    assert nobody.value.kind == "no_connection"
    assert nobody.value.__cause__ is None
    assert "secret" not in str(nobody.value)
    assert len(records) == 4
    assert records[0].status_code is None


def test_too_slow(connect: Connect, monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    def never(*_: Any, **__: Any) -> None:
        raise requests.exceptions.ReadTimeout("took too long")

    monkeypatch.setattr(requests.Session, "request", never)
    with pytest.raises(ServiceError, match="did not respond in time") as slow:
        connect().get(server.url + PATH)
    assert slow.value.kind == "timed_out"


def test_an_answer_has_to_come_in_whole(connect: Connect, monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    """A body that drips in never trips the timeout between two reads: the time over all does."""
    monkeypatch.setattr(http, "_WHOLE_RESPONSE_SECONDS", -1.0)
    with pytest.raises(ServiceError) as slow:
        connect(attempts=1).get(server.url + PATH)
    assert slow.value.kind == "timed_out"


def test_an_answer_has_to_end(connect: Connect, monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    monkeypatch.setattr(http, "_LARGEST_RESPONSE", 5)
    with pytest.raises(ServiceError, match="does not end") as endless:
        connect().get(server.url + PATH)
    assert endless.value.kind == "unreadable"


def test_quotes_hold_no_token(server: Server, connect: Connect) -> None:
    token = "BQ" + "x1Y_-" * 30
    server.faults.add(PATH, Fault(400, json.dumps({"error": f"bad header {token}"})))
    with pytest.raises(ServiceError) as refusal:
        connect().get(server.url + PATH)
    assert token not in str(refusal.value)
    assert "…" in str(refusal.value)


def test_patience_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPOTIFLOW_LONGEST_WAIT", raising=False)
    assert Patience.from_environment() == Patience(60.0, 4)
    monkeypatch.setenv("SPOTIFLOW_LONGEST_WAIT", "5")
    assert Patience.from_environment().longest_wait == 5
    for wrong in ("soon", "-1", "nan", "1e9"):
        monkeypatch.setenv("SPOTIFLOW_LONGEST_WAIT", wrong)
        with pytest.raises(LoadError, match="number of seconds"):
            Patience.from_environment()


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("https://api.spotify.com/v1/me/player/recently-played?limit=50", "me/player/recently-played"),
        ("https://api.spotify.com/v1/tracks/4uLU6hMCjMI75M1A2tKUQC", "tracks/{id}"),
        ("https://accounts.spotify.com/api/token", "api/token"),
        ("https://api.reccobeats.com/v1/track/70c7d8b0-5b5e-4b1c-9d2e-000000000001/x", "track/{id}/x"),
        ("https://api.reccobeats.com/v1/audio-features?ids=a,b", "audio-features"),
        ("https://api.spotify.com/v1/tracks/?ids=a", "tracks"),
    ],
)
def test_endpoints_are_without_ids(url: str, endpoint: str) -> None:
    assert endpoint_of(url) == endpoint


def test_the_time_to_come_back_is_never_too_early() -> None:
    here = (NOW + timedelta(seconds=61)).replace(tzinfo=http.UTC).astimezone()
    assert local_time(NOW, 61) == f"{(here + timedelta(minutes=1)):%H:%M}"
    assert local_time(NOW, 60) == f"{here:%H:%M}"
