"""What people see of each way in which Spotify can refuse: exit code, the sentence, and that nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from spotiflow.demo.sandbox import Fault, SandboxAccount
from tests.extract.api_items import ITEMS
from tests.sharing import mostly_long
from tests.spotiflow.spotify_place import SpotifyPlace, spotify_place

ONE, TWO = "refresh-token-of-one", "refresh-token-of-two"
PAGE, TOKEN = "/v1/me/player/recently-played", "/api/token"


@pytest.fixture
def there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[SpotifyPlace]:
    accounts = [SandboxAccount(ONE, list(ITEMS[10:50])), SandboxAccount(TWO, list(ITEMS[:5]))]
    with spotify_place(tmp_path, monkeypatch, capsys, accounts) as place:
        yield place


OUTCOMES = {
    "401": (PAGE, Fault(401, {"error": {"message": "The access token expired"}}), "login_refused", "Log in again"),
    "allow-list, plain text": (
        PAGE,
        Fault(403, "Check settings on developer.spotify.com/dashboard, the user may not be registered."),
        "not_on_allow_list",
        "User Management",
    ),
    "Premium": (
        PAGE,
        Fault(403, {"error": {"message": "Active premium subscription required for the owner of the app."}}),
        "owner_needs_premium",
        "Renew the Premium subscription",
    ),
    "scope": (
        PAGE,
        Fault(403, {"error": {"message": "Insufficient client scope"}}),
        "scope_missing",
        "agree to everything",
    ),
    "403": (PAGE, Fault(403, {"error": {"status": 403}}), "forbidden", "does not let this app"),
    "404": (PAGE, Fault(404, ""), "refused", "HTTP 404"),
    "quota": (
        PAGE,
        Fault(429, {"error": {"message": "Too many requests", "reason": "QUOTA_EXCEEDED"}}),
        "quota_spent",
        "quota of your Spotify developer account is spent",
    ),
    "22 h": (PAGE, Fault(429, "", {"Retry-After": "79200"}), "rate_limited", "22 hours. Try again at"),
    "2 s": (PAGE, Fault(429, "", {"Retry-After": "2"}), "rate_limited", "pause for 2 seconds"),
    "500": (PAGE, Fault(500, "<html>Oops</html>"), "unavailable", "HTTP 500"),
    "503": (PAGE, Fault(503, ""), "unavailable", "few minutes"),
    "HTML with 200": (PAGE, Fault(200, "<html>Sign in</html>"), "web_page", "“Sign in”"),
    "null": (PAGE, Fault(200, "null"), "nothing", "sent an empty response"),
    "half a JSON": (PAGE, Fault(200, '{"items": [{'), "cut_off", "was cut off"),
    "another shape": (PAGE, Fault(200, {"things": 1}), "unreadable", "does not look like your"),
    "invalid_grant": (TOKEN, Fault(400, {"error": "invalid_grant"}), "login_expired", "six months"),
    "invalid_client": (TOKEN, Fault(400, {"error": "invalid_client"}), "app_refused", "client id"),
    "HTML for a token": (TOKEN, Fault(200, "<html>Sign in</html>"), "web_page", "sign-in page"),
}


@pytest.mark.parametrize("outcome", mostly_long(OUTCOMES, "401", "22 h", "500", "half a JSON", "invalid_grant"))
def test_refusal_is_said_noted_and_nothing_is_lost(there: SpotifyPlace, outcome: str) -> None:
    path, fault, kind, sentence = OUTCOMES[outcome]
    user_id = there.log_in("me", ONE, **({"expires_at": 0} if path == TOKEN else {}))
    there.spotify.faults.add(path, Fault(fault.status, fault.body, fault.headers, times=0))
    said = there.run("load", "api")
    assert said.code == 1, said.text
    assert sentence in said.text
    assert "Traceback" not in said.text
    assert ONE not in said.text
    assert set(there.rows("select user_id, outcome from raw_spotify.poll_log where outcome != 'ok'")) >= {
        (user_id, kind)
    }
    # Once the cause is gone, the same command brings all of it.
    there.spotify.faults.clear()
    said = there.run("load", "api", "--now")
    assert said.code == 0, said.text
    assert "40 new" in said.text
    assert there.rows("select count(*) from raw_spotify.recently_played") == [(40,)]


def test_no_connection(there: SpotifyPlace) -> None:
    there.log_in("me", ONE)
    there.monkeypatch.setenv("SPOTIFLOW_SPOTIFY_API", "http://127.0.0.1:9")
    said = there.run("load", "api")
    assert (said.code, "127.0.0.1:9 cannot be reached" in said.text) == (1, True)
    assert there.rows("select outcome, attempt from raw_spotify.poll_log order by attempt") == [
        ("no_connection", attempt) for attempt in (1, 2, 3, 4)
    ]


def test_nobody_has_logged_in(there: SpotifyPlace) -> None:
    said = there.run("load", "api")
    assert (said.code, "spotiflow login --account LABEL" in said.text) == (1, True)
    said = there.run("load", "api", "--account", "somebody", "--timezone", "Europe/London")
    assert (said.code, "No Spotify login is stored for this account" in said.text) == (1, True)


def test_one_account_that_fails_stops_no_other(there: SpotifyPlace) -> None:
    there.spotify.faults.add(TOKEN, Fault(400, {"error": "invalid_grant"}))
    failing = there.log_in("aaa", ONE, expires_at=0)
    working = there.log_in("bbb", TWO)
    said = there.run("load", "api")
    assert said.code == 3, said.text
    assert "aaa: Spotify no longer accepts this account's login" in said.text
    assert there.rows("select user_id, count(*) from raw_spotify.recently_played group by 1") == [(working, 5)]
    assert there.rows(f"select outcome, service from raw_spotify.poll_log where user_id = '{failing}'") == [
        ("login_expired", "spotify_accounts")
    ]


def test_a_long_pause_is_kept_by_later_runs(there: SpotifyPlace) -> None:
    there.log_in("aaa", ONE)
    there.log_in("bbb", TWO)
    there.spotify.faults.add(PAGE, Fault(429, "", {"Retry-After": "79200"}))
    said = there.run("load", "api")
    assert said.code == 1
    assert said.text.count("about 22 hours") == 2, "a pause concerns the app, so both accounts wait"
    asked = len(there.spotify.requests)
    assert not there.slept
    assert there.run("load", "api").code == 1
    assert len(there.spotify.requests) == asked == 0, "nobody was asked before the pause is over"
    said = there.run("load", "api", "--now")
    assert said.code == 0, said.text
    assert there.rows("select count(*) from raw_spotify.recently_played") == [(45,)]
    assert there.run("load", "api").code == 0, "the answer has lifted the pause"


def test_a_short_pause_is_waited_for(there: SpotifyPlace) -> None:
    there.log_in("me", ONE)
    there.spotify.faults.add(PAGE, Fault(429, "", {"Retry-After": "2"}), Fault(503, ""))
    said = there.run("load", "api")
    assert said.code == 0, said.text
    assert there.slept == [2.0, 1.0]
    assert there.rows("select outcome, attempt from raw_spotify.poll_log order by attempt") == [
        ("rate_limited", 1),
        ("unavailable", 2),
        ("ok", 3),
    ]


def test_the_limit_is_the_user_s(there: SpotifyPlace) -> None:
    there.log_in("me", ONE)
    there.monkeypatch.setenv("SPOTIFLOW_LONGEST_WAIT", "1")
    there.spotify.faults.add(PAGE, Fault(429, "", {"Retry-After": "2"}))
    assert there.run("load", "api").code == 1
    assert not there.slept


def test_plays_that_dropped_off_are_told_of(there: SpotifyPlace) -> None:
    there.log_in("me", TWO)
    account = there.spotify.accounts[TWO]
    account.items[:] = ITEMS[50:55]
    assert there.run("load", "api").code == 0
    account.items[:] = ITEMS[:5]
    said = there.run("load", "api")
    assert said.code == 0
    assert "Plays may be missing between 29 Oct 2026, 12:09 UTC and 29 Oct 2026, 12:55 UTC" in said.text


@pytest.mark.long
def test_saved_tracks_are_requested_once_a_day(there: SpotifyPlace) -> None:
    user_id = there.log_in("me", ONE, scope="user-read-recently-played user-library-read")
    track = ITEMS[0]["track"]
    saved = {"items": [{"added_at": "2026-10-01T10:00:00Z", "track": track}], "total": 1}
    there.spotify.faults.add("/v1/me/tracks", Fault(200, saved), Fault(500, "", times=0))
    said = there.run("load", "api")
    assert said.code == 0, said.text
    assert there.run("load", "api").code == 0, "requested once a day"
    assert there.rows("select user_id, track_id, kind, given_at::varchar from raw_spotify.feedback") == [
        (user_id, track["id"], "saved", "2026-10-01 10:00:00")
    ]


@pytest.mark.long
def test_a_fault_beside_the_plays_costs_no_play_and_is_tried_again(there: SpotifyPlace) -> None:
    there.log_in("me", ONE, scope="user-read-recently-played user-library-read")
    there.spotify.faults.add("/v1/me/tracks", Fault(503, "", times=0))
    said = there.run("load", "api")
    assert (said.code, "HTTP 503" in said.text) == (3, True), said.text
    assert there.rows("select count(*) from raw_spotify.recently_played") == [(40,)]
    there.spotify.faults.clear()
    there.spotify.faults.add("/v1/me/tracks", Fault(403, {"error": {"message": "Insufficient client scope"}}))
    said = there.run("load", "api")
    assert (said.code, "does not allow SpotiFlow to read your saved tracks" in said.text) == (0, True), said.text
