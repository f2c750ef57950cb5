"""The stand-in of Spotify behaves like the real service, over plain HTTP and through spotipy."""

from __future__ import annotations

import base64
import hashlib
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
import spotipy
from starlette.requests import Request

from spotiflow.demo.sandbox import Fault, SandboxAccount, SpotifySandbox, recently_played_page
from spotiflow.demo.sandbox.account import milliseconds
from tests.extract.api_items import ITEMS, item

REFRESH = "refresh-of-nobody"


@pytest.fixture(scope="module")
def server() -> Iterator[SpotifySandbox]:
    with SpotifySandbox([]) as sandbox:
        yield sandbox


@pytest.fixture
def spotify(server: SpotifySandbox) -> SpotifySandbox:
    server.reset([SandboxAccount(REFRESH, list(ITEMS), {"account_id": "a1"})])
    return server


@pytest.fixture
def session(spotify: SpotifySandbox) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {spotify.issue_access_token(REFRESH)}"
        yield session


@pytest.fixture
def client(spotify: SpotifySandbox) -> spotipy.Spotify:
    session = requests.Session()
    session.trust_env = False
    client = spotipy.Spotify(auth=spotify.issue_access_token(REFRESH), requests_session=session)
    client.prefix = f"{spotify.url}/v1/"
    return client


def token(spotify: SpotifySandbox, **form: str) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.post(f"{spotify.url}/api/token", data=form, timeout=10)


# ---- serving ----


def test_port_is_local_and_free_again_afterwards() -> None:
    with SpotifySandbox([]) as spotify:
        parts = urlsplit(spotify.url)
        assert parts.hostname == "127.0.0.1"
        assert requests.get(f"{spotify.url}/v1/me", timeout=10).status_code == 401
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", parts.port or 0)) != 0


def test_two_at_once() -> None:
    with SpotifySandbox([]) as one, SpotifySandbox([]) as other:
        assert one.url != other.url


# ---- tokens ----


def test_refresh_grant(spotify: SpotifySandbox) -> None:
    answer = token(spotify, grant_type="refresh_token", refresh_token=REFRESH, client_id=spotify.client_id).json()
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == 3600
    assert "refresh_token" not in answer
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    assert requests.get(f"{spotify.url}/v1/me", headers=headers, timeout=10).json() == {"account_id": "a1"}


def test_refusals_of_the_token_endpoint(spotify: SpotifySandbox) -> None:
    good = {"grant_type": "refresh_token", "refresh_token": REFRESH, "client_id": spotify.client_id}
    for change, error in (
        ({"refresh_token": "old"}, "invalid_grant"),
        ({"client_id": "somebody-else"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ):
        answer = token(spotify, **(good | change))
        assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_rotated_refresh_token_works_once() -> None:
    account = SandboxAccount(REFRESH)
    with SpotifySandbox([account], rotates_refresh_tokens=True) as spotify:
        good = {"grant_type": "refresh_token", "client_id": spotify.client_id}
        fresh = token(spotify, refresh_token=REFRESH, **good).json()["refresh_token"]
        assert fresh != REFRESH
        assert token(spotify, refresh_token=REFRESH, **good).json()["error"] == "invalid_grant"
        assert token(spotify, refresh_token=fresh, **good).ok


def test_access_token_is_needed(spotify: SpotifySandbox) -> None:
    url = f"{spotify.url}/v1/me/player/recently-played"
    for headers in ({}, {"Authorization": "Bearer made-up"}, {"Authorization": "Basic eDp5"}):
        answer = requests.get(url, headers=headers, timeout=10)
        assert answer.status_code == 401
        assert answer.json()["error"]["status"] == 401


# ---- recently played ----


def test_only_fifty_plays_are_remembered(client: spotipy.Spotify) -> None:
    first = client.current_user_recently_played(limit=50)
    assert [entry["played_at"] for entry in first["items"]] == [entry["played_at"] for entry in ITEMS[:50]]
    second = client.next(first)
    assert second["items"] == []
    assert second["next"] is None
    assert second["cursors"] is None


def test_paging_follows_absolute_urls_of_this_server(spotify: SpotifySandbox, client: spotipy.Spotify) -> None:
    page = client.current_user_recently_played(limit=20)
    seen = []
    while page:
        seen += page["items"]
        assert page["next"] is None or page["next"].startswith(spotify.url)
        page = client.next(page)
    assert seen == ITEMS[:50]


def test_before_and_after_are_exclusive(client: spotipy.Spotify) -> None:
    middle = milliseconds(ITEMS[10]["played_at"])
    assert client.current_user_recently_played(limit=50, after=middle)["items"] == ITEMS[:10]
    assert client.current_user_recently_played(limit=50, before=middle)["items"] == ITEMS[11:50]
    assert client.current_user_recently_played(limit=5, before=middle)["items"] == ITEMS[11:16]


def test_after_cursor_can_lie_below_the_newest_play() -> None:
    even = recently_played_page([item(5, 1, "00.500")])
    odd = recently_played_page([item(5, 1, "00.501")])
    assert int(even["cursors"]["after"]) == milliseconds(even["items"][0]["played_at"])
    assert int(odd["cursors"]["after"]) == milliseconds(odd["items"][0]["played_at"]) - 1
    again = recently_played_page(odd["items"], after=int(odd["cursors"]["after"]))
    assert again["items"] == odd["items"], "asking from the cursor on returns the row again"


@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": 51}, {"limit": "x"}, {"before": 1, "after": 1}, {"after": "yesterday"}]
)
def test_bad_queries(spotify: SpotifySandbox, session: requests.Session, query: dict[str, Any]) -> None:
    answer = session.get(f"{spotify.url}/v1/me/player/recently-played", params=query, timeout=10)
    assert answer.status_code == 400


def test_default_limit_is_twenty(spotify: SpotifySandbox, session: requests.Session) -> None:
    answer = session.get(f"{spotify.url}/v1/me/player/recently-played", timeout=10).json()
    assert len(answer["items"]) == answer["limit"] == 20


def test_later_plays_have_not_happened_yet(spotify: SpotifySandbox, client: spotipy.Spotify) -> None:
    spotify.now = datetime(2026, 10, 29, 12, 3, 30, tzinfo=UTC)
    assert client.current_user_recently_played()["items"] == ITEMS[56:]
    spotify.now = datetime(2026, 10, 29, 11, tzinfo=UTC)
    assert client.current_user_recently_played()["items"] == []


def test_account_from_overlapping_pages() -> None:
    pages = [recently_played_page(ITEMS[start : start + 20], limit=50) for start in (40, 30, 0, 15)]
    assert SandboxAccount.from_pages("r", pages).items == ITEMS


# ---- the rest of the API ----


def test_single_tracks_and_artists(client: spotipy.Spotify) -> None:
    track = ITEMS[3]["track"]
    assert client.track(track["id"]) == track
    assert client.artist(track["artists"][0]["id"]) == track["artists"][0]
    assert client.me() == {"account_id": "a1"}
    with pytest.raises(spotipy.SpotifyException) as unknown:
        client.track("z" * 22)
    assert unknown.value.http_status == 404
    with pytest.raises(spotipy.SpotifyException) as malformed:
        client.track("short")
    assert malformed.value.http_status == 400


def test_what_is_closed_for_new_apps(spotify: SpotifySandbox, session: requests.Session) -> None:
    def ask(path: str) -> tuple[int, str]:
        answer = session.get(f"{spotify.url}/v1/{path}", timeout=10)
        return answer.status_code, answer.text.replace(" ", "")

    forbidden = (403, '{"error":{"status":403,"message":"Forbidden"}}')
    assert ask(f"tracks?ids={'0' * 22}") == forbidden
    assert ask(f"artists?ids={'0' * 22}") == forbidden
    assert ask(f"audio-features?ids={'0' * 22}") == (403, '{"error":{"status":403}}')
    assert ask(f"audio-features/{'0' * 22}") == (403, '{"error":{"status":403}}')
    assert ask("recommendations?seed_tracks=x") == (404, "")


def test_closed_endpoints_through_spotipy(client: spotipy.Spotify) -> None:
    for call, status in (
        (lambda: client.tracks(["0" * 22]), 403),
        (lambda: client.artists(["0" * 22]), 403),
        (lambda: client.audio_features(["0" * 22]), 403),
        (lambda: client.recommendations(seed_tracks=["0" * 22]), 404),
    ):
        with pytest.raises(spotipy.SpotifyException) as refusal:
            call()
        assert refusal.value.http_status == status


# ---- faults ----


def test_faults_come_in_order_and_pass(spotify: SpotifySandbox, session: requests.Session) -> None:
    url = f"{spotify.url}/v1/me"
    spotify.faults.add(
        "/v1/me",
        Fault(500, "<h1>Oops</h1>", content_type="text/html", times=2),
        Fault(429, {"error": {"status": 429}}, {"Retry-After": "7"}),
    )
    answers = [session.get(url, timeout=10) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [500, 500, 429, 200]
    assert answers[0].text == "<h1>Oops</h1>"
    assert answers[0].headers["Content-Type"].startswith("text/html")
    assert answers[2].headers["Retry-After"] == "7"
    assert answers[2].json() == {"error": {"status": 429}}


def test_fault_for_good_until_cleared(spotify: SpotifySandbox, session: requests.Session) -> None:
    spotify.faults.add("/v1/me", Fault(503, times=0))
    assert {session.get(f"{spotify.url}/v1/me", timeout=10).status_code for _ in range(3)} == {503}
    spotify.faults.clear()
    assert session.get(f"{spotify.url}/v1/me", timeout=10).ok


def test_hook_sees_each_request(spotify: SpotifySandbox, session: requests.Session) -> None:
    def hook(request: Request) -> Fault | None:
        return Fault(418, b"teapot") if request.query_params.get("limit") == "13" else None

    spotify.faults.hook = hook
    url = f"{spotify.url}/v1/me/player/recently-played"
    assert session.get(url, params={"limit": 13}, timeout=10).status_code == 418
    assert session.get(url, params={"limit": 14}, timeout=10).ok
    assert [seen.query for seen in spotify.requests] == [{"limit": "14"}]


def test_broken_connections_and_bodies(spotify: SpotifySandbox, session: requests.Session) -> None:
    url = f"{spotify.url}/v1/me"
    body = {"account_id": "a" * 4000}
    spotify.faults.add("/v1/me", Fault(0, reset=True), Fault(200, body, cut=0.5), Fault(200, body, seconds=0.05))
    with pytest.raises(requests.exceptions.ConnectionError):
        session.get(url, timeout=10)
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError)):
        session.get(url, timeout=10)
    assert session.get(url, timeout=10).json() == body
    assert session.get(url, timeout=10).json() == {"account_id": "a1"}


# ---- logins that end, apps that may do more ----


def test_login_with_pkce(spotify: SpotifySandbox) -> None:
    verifier, redirect = "v" * 64, "http://127.0.0.1:8888/callback"
    digest = hashlib.sha256(verifier.encode()).digest()
    query = {
        "client_id": spotify.client_id,
        "response_type": "code",
        "redirect_uri": redirect,
        "code_challenge_method": "S256",
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "state": "xyz",
    }

    def code(**changes: str) -> str:
        answer = requests.get(f"{spotify.url}/authorize", query | changes, allow_redirects=False, timeout=10)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith(redirect)
        back = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
        assert back["state"] == "xyz"
        return back["code"]

    form = {
        "grant_type": "authorization_code",
        "client_id": spotify.client_id,
        "redirect_uri": redirect,
        "code_verifier": verifier,
    }
    good = code()
    login = token(spotify, code=good, **form).json()
    assert login["refresh_token"] == REFRESH
    assert token(spotify, code=good, **form).json()["error"] == "invalid_grant", "a code works once"
    assert token(spotify, code=code(), **(form | {"code_verifier": "w" * 64})).status_code == 400
    for changes in ({"redirect_uri": "http://localhost:8888/callback"}, {"client_id": "other"}, {"response_type": "x"}):
        bad = requests.get(f"{spotify.url}/authorize", query | changes, allow_redirects=False, timeout=10)
        assert bad.status_code == 400


def test_access_tokens_end_after_an_hour_and_logins_after_six_months(spotify: SpotifySandbox) -> None:
    began = datetime(2026, 1, 31, 12, tzinfo=UTC)
    spotify.now = began
    spotify.accounts[REFRESH].authorised_at = began
    form = {"grant_type": "refresh_token", "refresh_token": REFRESH, "client_id": spotify.client_id}
    headers = {"Authorization": f"Bearer {token(spotify, **form).json()['access_token']}"}
    for minutes, status in ((59, 200), (60, 401)):
        spotify.now = began + timedelta(minutes=minutes)
        assert requests.get(f"{spotify.url}/v1/me", headers=headers, timeout=10).status_code == status
    spotify.now = began + timedelta(days=184)
    assert token(spotify, **form).json()["error"] == "invalid_grant"


def test_an_app_with_old_privileges_gets_more(spotify: SpotifySandbox, client: spotipy.Spotify) -> None:
    ids = [ITEMS[0]["track"]["id"], "z" * 22]
    spotify.has_old_privileges = True
    try:
        assert client.tracks(ids)["tracks"] == [ITEMS[0]["track"], None]
        features = client.audio_features(ids)
        assert (features[0]["id"], features[1]) == (ids[0], None)
        recommended = client.recommendations(seed_tracks=ids[:1], limit=5)["tracks"]
        assert len(recommended) == 5
        assert ITEMS[0]["track"] not in recommended
    finally:
        spotify.has_old_privileges = False


def test_saved_tracks(spotify: SpotifySandbox, client: spotipy.Spotify) -> None:
    spotify.now = datetime(2026, 10, 30, tzinfo=UTC)
    account = spotify.accounts[REFRESH]
    account.saved = [{"added_at": "2026-10-01T00:00:00Z", "track": entry["track"]} for entry in ITEMS[:25]]
    first = client.current_user_saved_tracks(limit=20)
    assert first["items"] + client.next(first)["items"] == account.saved
