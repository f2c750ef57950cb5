"""Secrets are planted in all inputs; afterwards no file that SpotiFlow writes holds one of them."""

from __future__ import annotations

import json
import logging
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest

from spotiflow.demo.sandbox import Fault, SandboxAccount
from tests.extract.api_items import ITEMS
from tests.spotiflow.spotify_place import spotify_place

LABEL = "planted-label-of-somebody"
REFRESH = "planted-refresh-token-0123456789"
SECRET = "planted-client-secret-0123456789"
E_MAIL = "planted.person@mail.example"
ADDRESS = "203.0.113.77"
NAME = "planted-spotify-user-name"
PAGE = "/v1/me/player/recently-played"


def export(folder: Path) -> Path:
    row = {
        "ts": "2026-10-01T10:00:00Z",
        "username": NAME,
        "platform": "planted-platform",
        "ms_played": 100_000,
        "conn_country": "GB",
        "ip_addr_decrypted": ADDRESS,
        "ip_addr": ADDRESS,
        "user_agent_decrypted": E_MAIL,
        "master_metadata_track_name": "Paper Boats",
        "master_metadata_album_artist_name": "Somebody",
        "master_metadata_album_album_name": "An Album",
        "spotify_track_uri": f"spotify:track:{7:022d}",
        "reason_start": "trackdone",
        "reason_end": "trackdone",
        "shuffle": False,
        "skipped": False,
        "offline": False,
        "offline_timestamp": None,
        "incognito_mode": False,
    }
    rows = [row, row | {"ts": "not a time"}, row | {"ts": "2026-10-02T10:00:00Z", "ms_played": -5}]
    path = folder / "my_data.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Spotify Extended Streaming History/endsong_0.json", json.dumps(rows))
        archive.writestr("Spotify Account Data/Userdata.json", json.dumps({"email": E_MAIL, "username": NAME}))
    return path


def page_with_secrets() -> list[dict[str, Any]]:
    """Plays with fields that Spotify might add one day, and one that cannot be read."""
    extra = {"email": E_MAIL, "ip": ADDRESS, "context": {"uri": f"spotify:user:{NAME}"}}
    good = [entry | extra for entry in ITEMS[:20]]
    return [*good, extra | {"played_at": "2026-10-29T12:00:00Z", "track": {"id": None, "owner": E_MAIL}}]


def test_no_planted_byte_is_written_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    archive = export(inputs)
    monkeypatch.setenv("SPOTIFY_CLIENT_SECRET", SECRET)
    place_folder = tmp_path / "place"
    account = SandboxAccount(REFRESH, page_with_secrets(), {"account_id": NAME, "email": E_MAIL, "display_name": NAME})
    with spotify_place(place_folder, monkeypatch, capsys, [account]) as there:
        there.spotify.client_secret = SECRET
        there.place.logs.mkdir(parents=True)
        handler = logging.FileHandler(there.place.logs / "debug.log")
        root = logging.getLogger()
        level = root.level
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        try:
            there.log_in(LABEL, REFRESH, client_secret=SECRET)
            access = next(iter(there.spotify.access_tokens))
            # Answers that quote what was sent, as proxies and frameworks do.
            echo = f"bad request of {E_MAIL} from {ADDRESS}: Authorization: Bearer {access}-{'x' * 40}"
            there.spotify.faults.add(PAGE, Fault(403, echo))
            said = [there.run("load", "api", "--account", LABEL, "--debug")]
            there.spotify.faults.clear()
            there.spotify.faults.add(PAGE, Fault(0, reset=True), Fault(401, {"error": {"status": 401}}))
            said.append(there.run("load", "api", "--account", LABEL, "--debug"))
            said.append(there.run("load", "export", str(archive), "--account", LABEL, "--timezone", "Europe/London"))
            assert there.rows("select count(*) > 0 from raw_spotify.recently_played") == [(True,)]
            assert there.rows("select count(*) > 0 from raw_spotify.streaming_history") == [(True,)]
            assert there.rows("select count(*) > 0 from raw_spotify.rejected_rows") == [(True,)]
        finally:
            root.removeHandler(handler)
            root.setLevel(level)
            handler.close()
    tokens = [*there.spotify.access_tokens, REFRESH, SECRET]
    planted = [*tokens, LABEL, E_MAIL, ADDRESS, NAME]
    assert there.place.logs.joinpath("debug.log").stat().st_size > 0, "nothing was logged: the test proves nothing"

    found = [
        f"{word} in {path}"
        for path in place_folder.rglob("*")
        if path.is_file() and there.home not in path.parents
        for word in planted
        if word.encode() in path.read_bytes()
    ]
    assert not found, "\n".join(found)
    kept = b"".join(path.read_bytes() for path in there.home.rglob("*") if path.is_file())
    assert all(word.encode() in kept for word in (REFRESH, SECRET, LABEL)), "what is looked for is written like this"
    for word in (*tokens, NAME):
        assert not any(word in one.text for one in said), f"{word} was said"

    for path in (there.home, *there.home.rglob("*")):
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path
