"""`spotiflow --sandbox ...`: the real code against stand-ins of Spotify and ReccoBeats on this machine.

For anyone who wants to see the live path without an app or an account of their own. Two fictional people have been
listening for five weeks and go on; some hours pass with every command. Warehouse, logins, published file and site are
in `data/sandbox/`, separate from your own.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spotiflow.settings import load_settings

if TYPE_CHECKING:
    from spotiflow.demo.sandbox import SandboxAccount

HOURS_VARIABLE = "SPOTIFLOW_SANDBOX_HOURS"
"""How many hours pass before this command; by default a few."""

PEOPLE = ("mira", "jonah")
_ON = "SPOTIFLOW_SANDBOX"
_CLIENT_ID = "sandbox-client"
_SEED = 20261102
_HOURS_PER_COMMAND = 4.0
_DAYS_BEFORE = 35  # of listening before the first command
_DAYS_BACK = 14  # the sandbox begins this long ago, which leaves time for what follows
_SONGS_PER_SESSION = (6, 16)
_SESSIONS = (8, 13, 19)  # hours of the day, UTC

_open = ExitStack()  # the stand-ins live as long as the process


@dataclass(frozen=True)
class Sandbox:
    """Where the sandbox keeps its things."""

    folder: Path

    @property
    def clock(self) -> Path:
        """The file with the sandbox's time."""
        return self.folder / "clock.json"

    @property
    def warehouse(self) -> Path:
        """Its warehouse."""
        return self.folder / "warehouse.duckdb"

    def export(self, person: str) -> Path:
        """The folder with the person's extended streaming history up to now."""
        return self.folder / "exports" / person


def sandbox() -> Sandbox:
    """The sandbox beside this project's warehouse."""
    return Sandbox(load_settings().warehouse.parent / "sandbox")


def is_on() -> bool:
    """Whether this process works in the sandbox."""
    return os.environ.get(_ON) == "1"


def enter() -> datetime:
    """Start the stand-ins and point everything at them; returns the sandbox's time (UTC)."""
    from spotiflow.demo.sandbox import ReccoBeatsSandbox, SandboxTrack, SpotifySandbox

    place = sandbox()
    place.folder.mkdir(parents=True, exist_ok=True)
    began, now = _pass_time(place)
    accounts = [account(person, began) for person in PEOPLE]
    spotify = _open.enter_context(SpotifySandbox(accounts, client_id=_CLIENT_ID))
    spotify.now = now
    tracks = {item["track"]["id"]: item["track"] for one in accounts for item in one.items}
    reccobeats = _open.enter_context(ReccoBeatsSandbox([SandboxTrack.of(track) for track in tracks.values()]))
    for one, person in zip(accounts, PEOPLE, strict=True):
        _write_export(place.export(person), one, now)
    os.environ.update(
        {
            _ON: "1",
            "SPOTIFLOW_SPOTIFY_API": spotify.url,
            "SPOTIFLOW_SPOTIFY_ACCOUNTS": spotify.url,
            "SPOTIFLOW_RECCOBEATS_API": reccobeats.url,
            "SPOTIFY_CLIENT_ID": _CLIENT_ID,
            "SPOTIFLOW_WAREHOUSE": str(place.warehouse),
            "SPOTIFLOW_PUBLISHED": str(place.folder / "published.duckdb"),
            "SPOTIFLOW_SITE": str(place.folder / "site"),
            "SPOTIFLOW_HOME": str(place.folder / "home"),
            "SPOTIFLOW_LOGS": str(place.folder / "logs"),
            "DBT_TARGET_PATH": str(place.folder / "target"),
        }
    )
    _spotify.append(spotify)
    return now


_spotify: list[Any] = []


def agree(address: str, person: str) -> None:
    """Open the address of a login and agree, as the person would in a browser."""
    import requests

    for spotify in _spotify:
        spotify.asks_as = f"sandbox-refresh-{person}" if person in PEOPLE else None

    # In a thread: the redirect ends at the server that waits for it in this process.
    threading.Thread(target=lambda: requests.get(address, timeout=20), name="agree", daemon=True).start()


def clear() -> None:
    """Begin anew."""
    shutil.rmtree(sandbox().folder, ignore_errors=True)


def _pass_time(place: Sandbox) -> tuple[datetime, datetime]:
    text = os.environ.get(HOURS_VARIABLE, "").strip()
    hours = float(text) if text else _HOURS_PER_COMMAND
    try:
        stored = json.loads(place.clock.read_text(encoding="utf-8"))
        began, before = (datetime.fromisoformat(stored[name]) for name in ("began", "now"))
        now = before + timedelta(hours=hours)
    except (OSError, ValueError, KeyError, TypeError):
        began = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=_DAYS_BACK)
        now = began
    now = min(now, datetime.now(UTC))  # nobody has listened in the future
    place.clock.write_text(json.dumps({"began": began.isoformat(), "now": now.isoformat()}), encoding="utf-8")
    return began, now


def account(person: str, began: datetime) -> SandboxAccount:
    """Everything that a person ever plays: three sessions per day, the same at every call."""
    from spotiflow.demo.sample.api_pages import track_object
    from spotiflow.demo.sample.catalogue import build_catalogue
    from spotiflow.demo.sandbox import SandboxAccount

    catalogue = build_catalogue(_SEED)
    dice = random.Random(f"{_SEED} {person}")  # noqa: S311 - no secret
    favourites = dice.sample(range(len(catalogue.track_ids)), 90)
    items = []
    first = began.replace(hour=0) - timedelta(days=_DAYS_BEFORE)
    for days in range(_DAYS_BEFORE + _DAYS_BACK + 2):
        for hour in _SESSIONS:
            moment = first + timedelta(days=days, hours=hour, minutes=dice.randrange(40))
            for _ in range(dice.randint(*_SONGS_PER_SESSION)):
                # Some songs much more often than others: else a week has no Top Songs.
                index = favourites[min(int(dice.expovariate(1 / 14)), len(favourites) - 1)]
                moment += timedelta(milliseconds=int(catalogue.duration_ms[index]) + dice.randrange(4_000))
                items.append(
                    {
                        "track": track_object(catalogue, index),
                        "played_at": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                        "context": None,
                    }
                )
    items.sort(key=lambda item: str(item["played_at"]), reverse=True)
    profile = {"id": f"fictional-{person}", "account_id": f"fictional-{person}", "display_name": person, "type": "user"}
    return SandboxAccount(f"sandbox-refresh-{person}", items, profile)


def _write_export(folder: Path, account: SandboxAccount, now: datetime) -> None:
    """What Spotify would send on request: the plays until now, in the extended format."""
    rows = []
    for item in reversed(account.items):
        ended = datetime.fromisoformat(item["played_at"])
        if ended > now:
            break
        track = item["track"]
        rows.append(
            {
                "ts": ended.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "ms_played": track["duration_ms"],
                "master_metadata_track_name": track["name"],
                "master_metadata_album_artist_name": track["artists"][0]["name"],
                "master_metadata_album_album_name": track["album"]["name"],
                "spotify_track_uri": track["uri"],
                "episode_name": None,
                "spotify_episode_uri": None,
                "reason_start": "trackdone",
                "reason_end": "trackdone",
                "shuffle": False,
                "skipped": False,
                "offline": False,
                "incognito_mode": False,
            }
        )
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "Streaming_History_Audio_2026_0.json"
    target.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
