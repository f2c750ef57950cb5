"""Recently played through the real spotipy: rows, every way to fail in words, and nothing secret in any log."""

from __future__ import annotations

import json
import logging
import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import spotipy

from extract.http import Patience
from extract.raw.store import Store
from extract.redact import quoted
from extract.report import LoadError, LoadReport
from extract.sources.spotify_api import ApiError, batch_of, cached_client, poll, token_path
from extract.sources.spotify_api.errors import from_web_api
from extract.sources.spotify_api.login import silence_spotipy
from extract.sources.spotify_api.recently_played import account_for
from spotiflow.demo.sandbox import Fault, SandboxAccount, SpotifySandbox
from tests.extract.api_items import ITEMS, item
from tests.extract.reading import merge

USER = "0123456789abcdef0123456789abcdef"
REFRESH = "refresh-token-that-nobody-may-see"
PAGE = "/v1/me/player/recently-played"
TOKEN = "/api/token"
NOW = datetime(2026, 10, 29, 13, 0)

Connect = Callable[[], spotipy.Spotify]


@pytest.fixture(autouse=True)
def no_app_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SPOTIFY_CLIENT_ID", "SPOTIFY_CLIENT_SECRET", "SPOTIPY_CLIENT_ID", "SPOTIPY_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "secrets"


@pytest.fixture(scope="module")
def server() -> Iterator[SpotifySandbox]:
    with SpotifySandbox([]) as sandbox:
        yield sandbox


@pytest.fixture
def spotify(server: SpotifySandbox) -> SpotifySandbox:
    server.reset([SandboxAccount(REFRESH, list(ITEMS[:50]))])
    return server


@pytest.fixture
def connect(spotify: SpotifySandbox, home: Path) -> Connect:
    def run() -> spotipy.Spotify:
        once = Patience(attempts=1)  # what is tried again: tests/extract/test_http.py
        return cached_client(USER, home, api_base=spotify.url, accounts_base=spotify.url, patience=once)

    return run


def store_login(home: Path, spotify: SpotifySandbox, **changes: Any) -> Path:
    """A login that is valid for an hour; `changes` replace its fields, None leaves one out."""
    path = token_path(USER, home)
    path.parent.mkdir(parents=True, exist_ok=True)
    login = {
        "access_token": spotify.issue_access_token(REFRESH),
        "refresh_token": REFRESH,
        "expires_at": int(time.time()) + 3600,
        "scope": "user-read-recently-played",
        "client_id": spotify.client_id,
    } | changes
    path.write_text(json.dumps({name: value for name, value in login.items() if value is not None}))
    path.chmod(0o600)
    return path


def load(warehouse: Path, client: spotipy.Spotify, zone: str | None = "Europe/London", **changes: Any) -> LoadReport:
    """Poll once and merge what came; `changes` are made to the account."""
    account = replace(account_for(Store(warehouse), USER, zone), **changes)
    result = poll(client, USER, lambda: NOW)
    batch = batch_of([account], [result])
    merge(warehouse, batch.tables)
    if result.error is not None:
        raise result.error
    return batch.report


# ---- rows ----


def test_page_becomes_rows(
    warehouse: Path, home: Path, spotify: SpotifySandbox, connect: Connect, query: Callable[..., Any]
) -> None:
    store_login(home, spotify)
    report = load(warehouse, connect())
    (file,) = report.files
    assert (file.source, file.rows_read, file.rows_loaded, file.repeated) == ("spotify_api", 50, 50, 0)
    assert report.ok
    rows = query(
        "select user_id, played_at, track_id, track_name, artist_id, artist_name, album_name, duration_ms "
        "from raw_spotify.recently_played order by played_at desc"
    )
    assert rows == [
        (
            USER,
            datetime.fromisoformat(entry["played_at"]).replace(tzinfo=None),
            entry["track"]["id"],
            entry["track"]["name"],
            entry["track"]["artists"][0]["id"],
            entry["track"]["artists"][0]["name"],
            "An Album",
            180_000,
        )
        for entry in ITEMS[:50]
    ]
    assert query("select count(*), min(provider), min(isrc) from raw_spotify.tracks") == [
        (50, "spotify", "ZZSFL2600010")
    ]
    assert query("select display_name, timezone, is_sample from raw_spotify.accounts") == [
        (None, "Europe/London", False)
    ]
    assert query("select * exclude _dlt_load_id from raw_spotify.poll_log") == [
        (USER, NOW, "me/player/recently-played", 200, "ok", 50, rows[-1][1], rows[0][1], 1, None, "spotify")
    ]
    # one request, whole page, no cursor
    assert [(seen.path, seen.query) for seen in spotify.requests] == [(PAGE, {"limit": "50"})]


def test_loading_again_changes_nothing(
    warehouse: Path, home: Path, spotify: SpotifySandbox, connect: Connect, query: Callable[..., Any]
) -> None:
    store_login(home, spotify)
    everything = "select * exclude _dlt_load_id from raw_spotify.{} order by all"
    load(warehouse, connect())
    before = {name: query(everything.format(name)) for name in ("recently_played", "tracks", "accounts")}
    load(warehouse, connect(), zone=None)  # known by now
    assert {name: query(everything.format(name)) for name in before} == before


def test_items_that_are_no_plays_are_counted_and_kept(
    warehouse: Path, home: Path, spotify: SpotifySandbox, connect: Connect, query: Callable[..., Any]
) -> None:
    def changed(number: int, **track: Any) -> dict[str, Any]:
        entry = item(number, number)
        return entry | {"track": entry["track"] | track}

    whole = item(1, 1)
    page = {
        "items": [
            whole,
            whole,
            changed(2, id=None),
            item(3, 3) | {"played_at": "some time ago"},
            item(4, 4) | {"played_at": None},
            item(5, 5) | {"track": None},
            changed(6, is_local=True, id=None),
            changed(7, type="episode"),
            "not an object",
            changed(8, artists=None, album=None, external_ids=None, duration_ms="long"),
            item(9, 9) | {"played_at": "2026-10-29T14:09:00+02:00"},
            item(10, 10) | {"played_at": "2026-10-29T12:10:00Z"},
        ]
    }
    store_login(home, spotify)
    spotify.faults.add(PAGE, Fault(200, page))
    (file,) = load(warehouse, connect()).files
    assert file.rows_read == 12
    assert file.rows_loaded == 4
    assert file.repeated == 1
    assert dict(file.set_aside) == {"local file": 1, "episode": 1}
    assert dict(file.rejected) == {"track has no id": 2, "played_at is not a time": 3}
    assert file.rows_loaded + file.repeated + file.set_aside.total() + file.rejected.total() == file.rows_read, (
        "no row is lost silently"
    )
    stored = query("select reason, fields from raw_spotify.rejected_rows where source = 'spotify_api' order by all")
    assert len(stored) == 5
    assert {json.loads(fields)["track_name"] for _, fields in stored} == {"Song 2", "Song 3", "Song 4", None}
    times = query("select track_id, played_at from raw_spotify.recently_played order by played_at")
    assert [moment for _, moment in times] == [
        datetime(2026, 10, 29, 12, 1, 0, 500_000),
        datetime(2026, 10, 29, 12, 8, 0, 500_000),
        datetime(2026, 10, 29, 12, 9),
        datetime(2026, 10, 29, 12, 10),
    ]
    assert query(
        "select artist_id, album_name, duration_ms from raw_spotify.tracks where track_id = ?", f"{8:022d}"
    ) == [(None, None, None)]


def test_empty_page(
    warehouse: Path, home: Path, spotify: SpotifySandbox, connect: Connect, query: Callable[..., Any]
) -> None:
    spotify.accounts[REFRESH].items.clear()
    store_login(home, spotify)
    (file,) = load(warehouse, connect()).files
    assert file.rows_read == 0
    assert file.note == "Spotify shows no recent plays for this account"
    assert query("select status_code, outcome, page_size, oldest_played_at from raw_spotify.poll_log") == [
        (200, "empty", 0, None)
    ]


# ---- the account ----


def test_timezone_is_asked_for_before_anything_else(
    warehouse: Path, home: Path, spotify: SpotifySandbox, connect: Connect
) -> None:
    store_login(home, spotify)
    client = connect()
    with pytest.raises(LoadError, match=r"time zone of this account is not known yet.*--timezone Europe/London"):
        load(warehouse, client, zone=None)
    for wrong in ("Mars/Olympus", "../etc/passwd", "Europe/"):
        with pytest.raises(LoadError, match=r"There is no time zone .*IANA name"):
            load(warehouse, client, zone=wrong)
    assert not warehouse.exists()
    assert not spotify.requests


def test_what_is_known_of_an_account_stays(
    warehouse: Path, home: Path, spotify: SpotifySandbox, connect: Connect, query: Callable[..., Any]
) -> None:
    store_login(home, spotify)
    account = "select display_name, timezone, is_sample from raw_spotify.accounts"
    load(warehouse, connect(), zone="Asia/Kolkata", display_name="Me")
    assert query(account) == [("Me", "Asia/Kolkata", False)]
    load(warehouse, connect(), zone=None)
    assert query(account) == [("Me", "Asia/Kolkata", False)]
    load(warehouse, connect(), zone="Europe/Berlin")
    assert query(account) == [("Me", "Europe/Berlin", False)]


def test_warehouse_that_is_none(warehouse: Path, home: Path, spotify: SpotifySandbox, connect: Connect) -> None:
    store_login(home, spotify)
    warehouse.parent.mkdir(parents=True)
    warehouse.write_bytes(b"no database at all" * 1000)
    with pytest.raises(LoadError, match="cannot be opened"):
        load(warehouse, connect(), zone=None)


# ---- refusals of the Web API ----

REFUSALS = [
    pytest.param(
        Fault(401, {"error": {"status": 401, "message": "The access token expired"}}, times=2),
        "login_refused",
        r"refuses this account's login .*access token expired.*Log in again",
        id="401",
    ),
    pytest.param(
        Fault(403, "Check settings on developer.spotify.com/dashboard, the user may not be registered."),
        "not_on_allow_list",
        r"not among the users of your app\. Add it at developer\.spotify\.com/dashboard",
        id="403 plain text",
    ),
    pytest.param(
        Fault(403, {"error": {"status": 403, "message": "Active premium subscription required for the owner."}}),
        "owner_needs_premium",
        r"owner has Premium\. Renew",
        id="403 Premium",
    ),
    pytest.param(
        Fault(403, {"error": {"status": 403, "message": "Insufficient client scope"}}),
        "scope_missing",
        r"Log in again: spotiflow login .*agree to everything",
        id="403 scope",
    ),
    pytest.param(
        Fault(403, {"error": {"status": 403}}),
        "forbidden",
        r"not let this app read your recently played tracks .*dashboard",
        id="403 bare",
    ),
    pytest.param(
        Fault(429, "", {"Retry-After": "79200"}),
        "rate_limited",
        r"pause for about 22 hours\. Try again at \d\d:\d\d on \d+ Oct or later; what was loaded so far is kept",
        id="429 22 hours",
    ),
    pytest.param(
        Fault(429, "Too many requests", {"Retry-After": "0"}), "rate_limited", r"pause for a second", id="429 zero"
    ),
    pytest.param(
        Fault(429, "", {"Retry-After": "Thu, 29 Oct 2026 14:00:00 GMT"}),
        "rate_limited",
        r"pause for 60 minutes",
        id="429 date",
    ),
    pytest.param(Fault(429, ""), "rate_limited", r"not for how long.*in an hour", id="429 bare"),
    pytest.param(
        Fault(429, {"error": {"status": 429, "message": "Too many requests", "reason": "QUOTA_EXCEEDED"}}),
        "quota_spent",
        r"quota of your Spotify developer account is spent",
        id="429 quota",
    ),
    pytest.param(
        Fault(500, "<html>Oops</html>", content_type="text/html"),
        "unavailable",
        r"HTTP 500.*few minutes",
        id="500 HTML",
    ),
    pytest.param(Fault(502, ""), "unavailable", r"HTTP 502", id="502 empty"),
    pytest.param(Fault(503, {"error": "upstream"}), "unavailable", r"HTTP 503", id="503 text error"),
    pytest.param(Fault(404, ""), "refused", r"HTTP 404: no reason given", id="404 empty"),
    pytest.param(Fault(400, {"error": "nonsense"}), "refused", r"HTTP 400: “nonsense”", id="error is text"),
    pytest.param(Fault(400, ["a", "list"]), "refused", r"HTTP 400", id="error is a list"),
    pytest.param(Fault(200, "plain words"), "unreadable", r"“plain words”.*proxy", id="200 text"),
    pytest.param(Fault(302, "", {"Location": "https://x.test/"}), "web_page", r"sign-in page", id="302"),
    pytest.param(Fault(403, "Not for you."), "forbidden", r"not let this app .*“Not for you\.”", id="403 other text"),
    pytest.param(
        Fault(200, "<html><body>Welcome to Airport WiFi</body></html>", content_type="text/html"),
        "web_page",
        r"“Welcome to Airport WiFi”.*Sign in there",
        id="200 HTML",
    ),
    pytest.param(
        Fault(200, "null", content_type="application/json"), "nothing", r"empty response .*“null”", id="200 null"
    ),
    pytest.param(Fault(200, b"", content_type="application/json"), "nothing", r"few minutes", id="200 empty"),
    pytest.param(Fault(200, '{"items": [{"tra'), "cut_off", r"was cut off", id="200 cut"),
    pytest.param(Fault(200, ["items"]), "unreadable", r"does not look like your", id="200 list"),
    pytest.param(Fault(200, {"things": []}), "unreadable", r"does not look like your", id="200 no items"),
    pytest.param(Fault(200, {"items": {"a": 1}}), "unreadable", r"does not look like", id="200 items no list"),
    pytest.param(Fault(200, b"\xff\xfe\x00"), "unreadable", r"does not look like", id="200 bytes"),
]


@pytest.mark.parametrize(
    ("status", "body", "endpoint", "kind"),
    [
        (404, "", "recommendations", "closed"),
        (403, '{"error": {"status": 403}}', "audio-features", "closed"),
        (403, '{"error": {"status": 403, "message": "Forbidden"}}', "tracks", "closed"),
        (403, '{"error": {"status": 403, "message": "Insufficient client scope"}}', "audio-features", "scope_missing"),
        (403, '{"error": {"status": 403, "message": "Forbidden"}}', "me/tracks", "forbidden"),
        (404, '{"error": {"status": 404, "message": "Resource not found"}}', "tracks/{id}", "refused"),
    ],
)
def test_closed_endpoints_are_told_from_refusals(status: int, body: str, endpoint: str, kind: str) -> None:
    error = from_web_api(status, {}, body, "it", NOW, endpoint)
    assert error.kind == kind
    assert ("apps registered since 27 November 2024" in str(error)) is (kind == "closed")


@pytest.mark.parametrize(("fault", "kind", "sentence"), REFUSALS)
def test_refusal_becomes_a_sentence(
    home: Path, spotify: SpotifySandbox, connect: Connect, fault: Fault, kind: str, sentence: str
) -> None:
    store_login(home, spotify)
    client = connect()
    spotify.faults.add(PAGE, fault)
    result = poll(client, USER, lambda: NOW)
    assert result.error is not None
    assert result.error.kind == kind
    assert result.error.status == fault.status
    assert re.search(sentence, str(result.error)), str(result.error)
    assert_reads_well(str(result.error))
    assert result.log["outcome"] == kind
    assert result.log["status_code"] == fault.status
    assert not result.plays
    # a refused access token is renewed once
    asked = [seen for seen in spotify.requests if seen.path == PAGE]
    assert not asked, "the fault answered every attempt"


def assert_reads_well(sentence: str) -> None:
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert "<" not in sentence
    assert "Traceback" not in sentence
    assert len(sentence) < 420


def test_refusal_is_noted_and_then_raised(
    warehouse: Path, home: Path, spotify: SpotifySandbox, connect: Connect, query: Callable[..., Any]
) -> None:
    store_login(home, spotify)
    client = connect()
    spotify.faults.add(PAGE, Fault(429, "", {"Retry-After": "30"}))
    with pytest.raises(ApiError, match="at"):
        load(warehouse, client)
    assert query("select user_id, requested_at, status_code, outcome, page_size from raw_spotify.poll_log") == [
        (USER, NOW, 429, "rate_limited", None)
    ]
    assert query("select count(*) from raw_spotify.accounts") == [(0,)], "an account that never answered is none yet"
    load(warehouse, client)
    assert query("select count(*) from raw_spotify.recently_played") == [(50,)]


def test_refused_access_token_is_renewed_once(home: Path, spotify: SpotifySandbox, connect: Connect) -> None:
    path = store_login(home, spotify, access_token="revoked-before-its-time")
    assert len(poll(connect(), USER, lambda: NOW).plays) == 50
    assert json.loads(path.read_text())["access_token"].startswith("sandbox-access-")
    assert [seen.path for seen in spotify.requests] == [PAGE, TOKEN, PAGE]


def test_nobody_answers(home: Path, spotify: SpotifySandbox, connect: Connect) -> None:
    store_login(home, spotify)
    client = connect()
    client.prefix = "http://127.0.0.1:9/v1/"  # the discard port: closed
    result = poll(client, USER, lambda: NOW)
    assert result.error is not None
    assert result.error.kind == "no_connection"
    assert "127.0.0.1:9 cannot be reached" in str(result.error)
    assert result.log["status_code"] is None


def test_answer_in_time(home: Path, spotify: SpotifySandbox, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    store_login(home, spotify)
    client = connect()

    def never(*_: Any, **__: Any) -> None:
        raise requests.exceptions.ReadTimeout("took too long")

    monkeypatch.setattr(requests.Session, "request", never)
    result = poll(client, USER, lambda: NOW)
    assert result.error is not None
    assert result.error.kind == "timed_out"
    assert client.requests_timeout == 15


def test_client_with_another_session_fails_in_the_same_words(spotify: SpotifySandbox) -> None:
    """A plain spotipy client gets sentences too."""
    silence_spotipy()
    session = requests.Session()
    session.trust_env = False
    client = spotipy.Spotify(auth=spotify.issue_access_token(REFRESH), requests_session=session)
    client.prefix = f"{spotify.url}/v1/"
    spotify.faults.add(PAGE, Fault(403, {"error": {"status": 403, "message": "Insufficient client scope"}}))
    assert poll(client, USER, lambda: NOW).log["outcome"] == "scope_missing"
    spotify.faults.add(PAGE, Fault(200, "not JSON"))
    assert poll(client, USER, lambda: NOW).log["outcome"] == "unreadable"
    assert len(poll(client, USER, lambda: NOW).plays) == 50


# ---- the stored login ----


def test_no_login_is_stored(home: Path, connect: Connect) -> None:
    with pytest.raises(ApiError, match=r"No Spotify login is stored.*spotiflow login --account") as missing:
        connect()
    assert missing.value.kind == "login_missing"


@pytest.mark.parametrize(
    "content", ["", "{", "null", "[]", '"word"', "{}", '{"refresh_token": 3}', '{"refresh_token": " "}', "\udcff"]
)
def test_damaged_login(home: Path, connect: Connect, content: str) -> None:
    path = token_path(USER, home)
    path.parent.mkdir(parents=True)
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(ApiError, match=r"stored login .* (damaged|cannot be read)") as damaged:
        connect()
    assert damaged.value.kind == "login_unreadable"
    assert_reads_well(str(damaged.value))


def test_valid_login_asks_for_no_token(home: Path, spotify: SpotifySandbox, connect: Connect) -> None:
    store_login(home, spotify)
    connect()
    assert not spotify.requests


@pytest.mark.parametrize("expires_at", [None, 0, "soon", True, 1e300 * -1])
def test_expired_login_is_renewed_before_use(
    home: Path, spotify: SpotifySandbox, connect: Connect, expires_at: Any
) -> None:
    path = store_login(home, spotify, expires_at=expires_at, note="kept")
    client = connect()
    assert [seen.path for seen in spotify.requests] == [TOKEN]
    stored = json.loads(path.read_text())
    assert stored["expires_at"] > time.time() + 3000
    assert stored["refresh_token"] == REFRESH
    assert stored["client_id"] == spotify.client_id
    assert stored["note"] == "kept"
    assert len(poll(client, USER, lambda: NOW).plays) == 50


def test_login_file_is_private_before_and_after(home: Path, spotify: SpotifySandbox, connect: Connect) -> None:
    path = store_login(home, spotify, expires_at=0)
    path.chmod(0o644)
    old_mask = os.umask(0)
    try:
        connect()
    finally:
        os.umask(old_mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == [path.name], "no draft is left behind"
    store_login(home, spotify).chmod(0o640)
    connect()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_rotated_refresh_token_is_stored_at_once(home: Path) -> None:
    account = SandboxAccount(REFRESH, list(ITEMS[:50]))
    with SpotifySandbox([account], rotates_refresh_tokens=True) as spotify:
        path = store_login(home, spotify, expires_at=0)
        for _ in range(3):
            cached_client(USER, home, api_base=spotify.url, accounts_base=spotify.url)
            stored = json.loads(path.read_text())
            assert stored["refresh_token"] == account.refresh_token != REFRESH
            path.write_text(json.dumps(stored | {"expires_at": 0}))


def test_app_with_a_secret(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with SpotifySandbox([SandboxAccount(REFRESH)], client_id="with-secret", client_secret="s3cret") as spotify:

        def connect() -> None:
            cached_client(USER, home, api_base=spotify.url, accounts_base=spotify.url)

        store_login(home, spotify, expires_at=0, client_secret="s3cret")
        connect()
        store_login(home, spotify, expires_at=0, client_secret="wrong")
        with pytest.raises(ApiError) as refused:
            connect()
        assert refused.value.kind == "app_refused"
        # the app may come from the environment
        store_login(home, spotify, expires_at=0, client_id=None)
        with pytest.raises(ApiError, match="SPOTIFY_CLIENT_ID") as missing:
            connect()
        assert missing.value.kind == "app_missing"
        monkeypatch.setenv("SPOTIFY_CLIENT_ID", "with-secret")
        monkeypatch.setenv("SPOTIFY_CLIENT_SECRET", "s3cret")
        connect()
        # the file's app wins, and another app's secret is not sent along
        store_login(home, spotify, expires_at=0, client_id="another-app")
        with pytest.raises(ApiError) as other:
            connect()
        assert other.value.kind == "app_refused"


TOKEN_REFUSALS = [
    pytest.param(
        Fault(400, {"error": "invalid_grant"}), "login_expired", r"six months.*Log in again", id="invalid_grant"
    ),
    pytest.param(
        Fault(400, {"error": "invalid_client", "error_description": "Invalid client"}),
        "app_refused",
        r"client id or client secret is wrong",
        id="invalid_client",
    ),
    pytest.param(Fault(400, {"error": "odd"}), "login_refused", r"did not renew .*“odd”", id="400 other"),
    pytest.param(Fault(400, ["list"]), "login_refused", r"did not renew", id="400 list"),
    pytest.param(Fault(403, "No."), "login_refused", r"“No\.”", id="403 text"),
    pytest.param(Fault(429, "", {"Retry-After": "120"}), "rate_limited", r"for 2 minutes", id="429"),
    pytest.param(Fault(503, "<h1>down</h1>", content_type="text/html"), "unavailable", r"HTTP 503", id="503"),
    pytest.param(Fault(200, "<html>sign in</html>"), "web_page", r"sign-in page", id="200 HTML"),
    pytest.param(Fault(200, "null"), "nothing", r"a new access token", id="200 null"),
    pytest.param(Fault(200, {"access_token": "x"}), "unreadable", r"a new access token", id="200 half"),
    pytest.param(Fault(200, {"expires_in": 3600}), "unreadable", r"a new access token", id="200 no token"),
    pytest.param(Fault(200, {"access_token": 5, "expires_in": 1}), "unreadable", r"access token", id="200 number"),
]


@pytest.mark.parametrize(("fault", "kind", "sentence"), TOKEN_REFUSALS)
def test_refresh_that_fails(
    home: Path, spotify: SpotifySandbox, connect: Connect, fault: Fault, kind: str, sentence: str
) -> None:
    path = store_login(home, spotify, expires_at=0)
    before = path.read_text()
    spotify.faults.add(TOKEN, fault)
    with pytest.raises(ApiError, match=sentence) as refusal:
        connect()
    assert refusal.value.kind == kind
    assert_reads_well(str(refusal.value))
    assert path.read_text() == before, "a failed refresh leaves the login as it was"


def test_refresh_without_a_connection(home: Path, spotify: SpotifySandbox) -> None:
    store_login(home, spotify, expires_at=0)
    with pytest.raises(ApiError) as refusal:
        cached_client(USER, home, api_base=spotify.url, accounts_base="http://127.0.0.1:9", sleep=lambda _: None)
    assert refusal.value.kind == "no_connection"


def test_app_id_that_cannot_be_one(home: Path, spotify: SpotifySandbox, connect: Connect) -> None:
    store_login(home, spotify, expires_at=0, client_id="ключ", client_secret="тайна")
    with pytest.raises(ApiError, match="characters that Spotify never uses"):
        connect()


def test_login_that_cannot_be_saved(
    home: Path, spotify: SpotifySandbox, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = store_login(home, spotify, expires_at=0)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ApiError, match=r"cannot be written .*No space left") as refusal:
        connect()
    assert refusal.value.kind == "login_not_saved"
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert json.loads(path.read_text())["refresh_token"] == REFRESH


def test_never_prompts(home: Path, spotify: SpotifySandbox, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """spotipy's own managers would ask for input when a scope is missing or differs."""

    def forbidden(*_: Any, **__: Any) -> None:
        raise AssertionError("asked the person")

    monkeypatch.setattr("builtins.input", forbidden)
    monkeypatch.setattr("webbrowser.open", forbidden)
    for changes in ({"scope": None}, {"scope": "something-else"}, {"scope": None, "expires_at": 0}):
        store_login(home, spotify, **changes)
        assert len(poll(connect(), USER, lambda: NOW).plays) == 50


# ---- secrets ----


def test_no_token_in_any_log_at_debug(
    home: Path,
    spotify: SpotifySandbox,
    connect: Connect,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    path = store_login(home, spotify, expires_at=0, client_secret=None)
    access = json.loads(path.read_text())["access_token"]
    caplog.set_level(logging.DEBUG)
    for name in ("spotipy", "spotipy.client", "spotipy.oauth2", "urllib3", "requests", "asyncio"):
        caplog.set_level(logging.DEBUG, logger=name)
    client = connect()
    poll(client, USER, lambda: NOW)
    spotify.faults.add(PAGE, Fault(401, {"error": {"status": 401, "message": "no"}}, times=2))
    poll(client, USER, lambda: NOW)
    spotify.faults.add(TOKEN, Fault(400, {"error": "invalid_grant"}))
    store_login(home, spotify, expires_at=0)
    with pytest.raises(ApiError):
        connect()
    logged = caplog.text + "".join(capfd.readouterr())
    issued = [*spotify.access_tokens, access, REFRESH]
    assert len(issued) >= 4
    assert not [token for token in issued if token in logged]
    assert "Bearer" not in logged
    assert "urllib3" in logged, "the log was on"


def test_spotipy_would_have_logged_the_token(
    spotify: SpotifySandbox, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If this fails, spotipy has changed and `silence_spotipy` may have lost its reason."""
    monkeypatch.setattr(logging.getLogger("spotipy.client"), "filters", [])
    caplog.set_level(logging.DEBUG, logger="spotipy.client")
    session = requests.Session()
    session.trust_env = False
    token = spotify.issue_access_token(REFRESH)
    client = spotipy.Spotify(auth=token, requests_session=session)
    client.prefix = f"{spotify.url}/v1/"
    client.current_user_recently_played()
    assert token in caplog.text


def test_quoted_answers_hold_no_token(home: Path, spotify: SpotifySandbox, connect: Connect) -> None:
    long = "BQ" + "x1Y_-" * 30
    assert long not in quoted(f"“{long}”")
    error = from_web_api(400, {}, json.dumps({"error": {"message": f"bad header Bearer {long}"}}), "it")
    assert long not in str(error)
    assert "…" in str(error)


def test_netrc_does_not_replace_the_token(
    home: Path, spotify: SpotifySandbox, connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    store_login(home, spotify)
    client = connect()
    assert len(poll(client, USER, lambda: NOW).plays) == 50
    client._session.trust_env = True  # as for the real service
    monkeypatch.delenv("http_proxy")
    assert len(poll(client, USER, lambda: NOW).plays) == 50
