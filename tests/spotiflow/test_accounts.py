"""Logging in and listing accounts: no way to hang, no file that others can read, no label or token astray."""

from __future__ import annotations

import json
import logging
import re
import stat
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from extract.http import utc_now
from extract.sources.spotify_api import authorise, token_path
from extract.sources.spotify_api.accounts import KnownAccount, known_accounts, remember_account
from spotiflow.demo.sandbox import Fault, SandboxAccount
from spotiflow.pseudonyms import user_id_for
from tests.extract.api_items import ITEMS
from tests.spotiflow.spotify_place import Said, SpotifyPlace, spotify_place

ONE = "refresh-token-of-one"
LOGIN = {
    "access_token": "access-token-of-one",
    "refresh_token": ONE,
    "token_type": "Bearer",
    "expires_in": 3600,
    "scope": "user-read-recently-played",
}


@pytest.fixture
def there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[SpotifyPlace]:
    with spotify_place(tmp_path, monkeypatch, capsys, [SandboxAccount(ONE, list(ITEMS[:5]))]) as place:
        place.spotify.faults.add("/api/token", Fault(200, LOGIN, times=0))
        place.spotify.faults.add("/v1/me/", Fault(200, {"account_id": "spotify-id-of-one"}, times=0))
        yield place


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def log_in(there: SpotifyPlace, label: str, *queries: str, options: tuple[str, ...] = ()) -> Said:
    """Run `login` while a browser opens the redirect address with each of `queries` (STATE is filled in)."""
    port = free_port()
    shown: list[str] = []
    answered: list[int] = []

    def browse() -> None:
        deadline = time.monotonic() + 30
        while not shown and time.monotonic() < deadline:
            time.sleep(0.01)
        asked = parse_qs(urlsplit(shown[0]).query)
        assert asked["code_challenge_method"] == ["S256"]
        for query in queries:
            address = f"{asked['redirect_uri'][0]}?{query.replace('STATE', asked['state'][0])}"
            with requests.Session() as session:
                session.trust_env = False
                answered.append(session.get(address, timeout=10).status_code)

    original_url = authorise.SpotifyPKCE.get_authorize_url

    def noted_url(self: object, state: str | None = None) -> str:
        url = str(original_url(self, state=state))
        shown.append(url)
        return url

    there.monkeypatch.setattr(authorise.SpotifyPKCE, "get_authorize_url", noted_url)
    browser = threading.Thread(target=browse)
    if queries:
        browser.start()
    said = there.run("login", "--account", label, "--port", str(port), "--timeout", "20" if queries else "1", *options)
    if queries:
        browser.join(30)
    there.monkeypatch.setattr(authorise.SpotifyPKCE, "get_authorize_url", original_url)
    return said


NEW = ("--client-id", "an-app", "--timezone", "Europe/London")


def test_logging_in(there: SpotifyPlace) -> None:
    said = log_in(there, "me", "code=wrong&state=of-somebody-else", "code=right&state=STATE", options=NEW)
    assert said.code == 0, said.text
    assert "But:" not in said.text
    user_id = user_id_for("me", there.home)
    path = token_path(user_id, there.home)
    stored = json.loads(path.read_text())
    assert (stored["refresh_token"], stored["client_id"]) == (ONE, "an-app")
    for file in there.home.rglob("*"):
        assert stat.S_IMODE(file.stat().st_mode) == (0o700 if file.is_dir() else 0o600), file
    known = known_accounts(there.home)[user_id]
    assert (known.label, known.timezone, known.client_id) == ("me", "Europe/London", "an-app")
    assert known.logged_in_at is not None
    assert "spotify-id-of-one" not in "".join(
        file.read_text(errors="replace") for file in there.home.rglob("*") if file.is_file()
    )
    for secret in (ONE, LOGIN["access_token"], "code=right"):
        assert secret not in said.text
    # The whole way: what is logged in can be loaded, in the zone that was given.
    there.spotify.access_tokens["access-token-of-one"] = there.spotify.accounts[ONE]
    said = there.run("load", "api")
    assert said.code == 0, said.text
    assert there.rows("select timezone from raw_spotify.accounts") == [("Europe/London",)]
    said = there.run("accounts")
    assert re.search(r"me +Europe/London +just now +in 18\d days +just now \(ok\) +\d+ days ago", said.text), said.text


def test_declining(there: SpotifyPlace) -> None:
    said = log_in(there, "me", "error=access_denied&state=STATE", options=NEW)
    assert (said.code, "You declined" in said.text) == (1, True), said.text
    assert not list((there.home / "tokens").glob("*"))


def test_never_hangs_without_a_terminal(there: SpotifyPlace) -> None:
    said = log_in(there, "me", options=NEW)
    assert said.code == 1
    assert "Nobody logged in within 1 seconds" in said.text
    assert "in a terminal" in said.text


def test_a_code_that_is_used_up(there: SpotifyPlace) -> None:
    there.spotify.faults.clear()
    there.spotify.faults.add("/api/token", Fault(400, {"error": "invalid_grant"}))
    said = log_in(there, "me", "code=old&state=STATE", options=NEW)
    assert (said.code, "was used before or has expired" in said.text) == (1, True), said.text


def test_two_labels_for_one_spotify_account(there: SpotifyPlace) -> None:
    assert log_in(there, "me", "code=a&state=STATE", options=NEW).code == 0
    said = log_in(there, "also-me", "code=b&state=STATE", options=NEW)
    assert said.code == 1
    assert "already has the label 'me'" in said.text
    assert len(list((there.home / "tokens").glob("*.json"))) == 1
    # Another person's login under the same label would mix two people.
    there.spotify.faults.clear()
    there.spotify.faults.add("/api/token", Fault(200, LOGIN, times=0))
    there.spotify.faults.add("/v1/me/", Fault(200, {"account_id": "somebody-else"}, times=0))
    said = log_in(there, "me", "code=c&state=STATE")
    assert (said.code, "Until now 'me' was another Spotify account" in said.text) == (1, True), said.text


def test_what_is_needed_the_first_time(there: SpotifyPlace) -> None:
    said = there.run("login", "--account", "me", "--timezone", "Europe/London")
    assert (said.code, "--client-id" in said.text) == (2, True)
    said = there.run("login", "--account", "me", "--client-id", "an-app")
    assert (said.code, "--timezone" in said.text) == (2, True)
    assert there.run("login", "--account", "Me Too!").code == 2


def test_a_pasted_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """As over SSH: the browser's address is pasted into the terminal."""
    import os
    import pty

    terminal, ours = pty.openpty()
    with os.fdopen(ours, "r") as reader:
        monkeypatch.setattr(authorise.sys, "stdin", reader)
        said: list[str] = []
        os.write(terminal, b"http://127.0.0.1:8888/callback?code=x&state=another\n")
        os.write(terminal, b"http://127.0.0.1:8888/callback?code=the-code&state=the-state\n")
        code = authorise._wait(authorise.queue.Queue(), "the-state", 20, said.append)
    os.close(terminal)
    assert code == "the-code"
    assert said == ["That address does not belong to this login. Paste the whole address from the browser."]


def test_a_taken_port(there: SpotifyPlace) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = there.run("login", "--account", "me", *NEW, "--port", str(taken.getsockname()[1]))
    assert (said.code, "--port PORT" in said.text) == (1, True), said.text


@pytest.mark.parametrize(
    ("given", "ends"),
    [
        (datetime(2026, 8, 31), datetime(2027, 2, 28)),
        (datetime(2026, 5, 24, 10), datetime(2026, 11, 24, 10)),
        (datetime(2027, 8, 30), datetime(2028, 2, 29)),
    ],
)
def test_six_months(given: datetime, ends: datetime) -> None:
    assert KnownAccount("me", logged_in_at=given).login_ends_at == ends


def test_a_login_that_ends_soon_is_warned_of(there: SpotifyPlace) -> None:
    user_id = there.log_in("me", ONE)
    given = utc_now() - timedelta(days=160)
    remember_account(there.home, user_id, KnownAccount("me", "app", given, "hash", "Europe/London"))
    for command in (("accounts",), ("load", "api")):
        said = there.run(*command)
        assert said.code == 0, said.text
        assert re.search(r"The login of 'me' ends in 2\d days, on .* spotiflow login --account me", said.text), (
            said.text
        )


def test_nobody(there: SpotifyPlace) -> None:
    said = there.run("accounts")
    assert (said.code, "No account has logged in yet" in said.text) == (0, True)


def test_nothing_private_in_any_log_at_debug(there: SpotifyPlace, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("spotipy", "spotipy.client", "spotipy.oauth2", "urllib3", "requests", "dlt"):
        caplog.set_level(logging.DEBUG, logger=name)
    label = "a-label-that-nobody-may-see"
    assert log_in(there, label, "code=the-code-of-this-login&state=STATE", options=NEW).code == 0
    there.spotify.access_tokens["access-token-of-one"] = there.spotify.accounts[ONE]
    assert there.run("load", "api").code == 0
    assert "urllib3" in "".join(record.name for record in caplog.records), "the log was on"
    secrets = (ONE, "access-token-of-one", "the-code-of-this-login", "spotify-id-of-one", label)
    # The browser of this test logs what it asks for, as any browser does.
    ours = [record.getMessage() for record in caplog.records if "/callback?" not in record.getMessage()]
    assert not [secret for secret in secrets for line in ours if secret in line]
    outside = [file for file in there.place.folder.rglob("*") if file.is_file() and there.home not in file.parents]
    assert outside
    assert not [(file, secret) for file in outside for secret in secrets if secret.encode() in file.read_bytes()]
