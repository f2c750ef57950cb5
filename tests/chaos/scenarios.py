"""Random listening, polled through faults and kills: what must hold once the faults have ended.

A scenario is made from its seed alone: who listened when, what each page shows, which faults come, and at which file
operation or SQL statement a run is killed. The real polling runs in a child process against the stand-in, through
spotipy, dlt and DuckDB.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from extract import spool
from extract.pipeline import set_aside_folder, working_folder
from extract.sandbox import Fault, SandboxAccount, SpotifySandbox
from extract.spotify_api import token_path
from extract.spotify_api.accounts import KnownAccount, remember_account
from tests.conftest import PROJECT, Place

PAGE = "/v1/me/player/recently-played"
PATHS = (PAGE, PAGE, PAGE, "/v1/me", "/api/token", "/v1/me/top/tracks")
KILLS = 0.55  # share of polls in which the run is killed
LARGEST_STEP = 900  # a run has 300-800 counted steps
START = datetime(2026, 10, 30, 6, 0, tzinfo=UTC)

Play = tuple[str, str, str]  # user_id, played_at, track_id

_QUOTA = {"error": {"status": 429, "message": "Too many requests", "reason": "QUOTA_EXCEEDED"}}
_PREMIUM = "Active premium subscription required for the owner of the app."
_ALLOW_LIST = "Check settings on developer.spotify.com/dashboard, the user may not be registered."
FAULTS = (
    Fault(401, {"error": {"status": 401, "message": "The access token expired"}}),
    Fault(403, {"error": {"status": 403, "message": _PREMIUM}}),
    Fault(403, {"error": {"status": 403}}),
    Fault(403, _ALLOW_LIST),
    Fault(404),
    Fault(429, {"error": {"status": 429}}, {"Retry-After": "0"}),
    Fault(429, {"error": {"status": 429}}, {"Retry-After": "2"}),
    Fault(429, {"error": {"status": 429}}, {"Retry-After": "79200"}),
    Fault(429, _QUOTA),
    Fault(500, "<h1>Oops</h1>", content_type="text/html"),
    Fault(502),
    Fault(503, "upstream connect error"),
    Fault(0, reset=True),
    Fault(200, {"items": [{"track": {"id": "0" * 22, "name": "Cut"}, "played_at": "2026"}] * 30}, cut=0.6),
    Fault(200, '{"items": [{"track": {"id": "00000', content_type="application/json"),
    Fault(200, "<html><body>Sign in to the Wi-Fi</body></html>", content_type="text/html"),
    Fault(200, "null", content_type="application/json"),
    Fault(200, "[]", content_type="application/json"),
    Fault(503, "slow", seconds=0.05),
)


@dataclass
class Outcome:
    """What one scenario did, for the count at the end."""

    seed: int
    runs: int = 0
    kills: int = 0
    faults: int = 0
    plays: int = 0
    gaps: int = 0
    lost: int = 0  # plays that Spotify never showed; each lies in a gap
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


class Children:
    """The process that forks a child for each run."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.zygote"],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._line() == "ready\n"

    def run(self, **order: Any) -> dict[str, Any]:
        """One child; returns how it ended."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._line())
        return answer

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=60)

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@contextmanager
def children() -> Iterator[Children]:
    started = Children()
    try:
        yield started
    finally:
        started.close()


def play_item(moment: datetime, number: int) -> dict[str, Any]:
    """A play of fictional track `number` that ended at `moment`."""
    track_id, artist_id = f"{number:022d}", f"{900 + number % 7:022d}"
    return {
        "track": {
            "id": track_id,
            "name": f"Song {number}",
            "type": "track",
            "uri": f"spotify:track:{track_id}",
            "duration_ms": 120_000 + 1000 * number,
            "album": {"name": "An Album"},
            "artists": [{"id": artist_id, "name": f"Artist {number % 7}", "type": "artist"}],
            "external_ids": {"isrc": f"ZZSFL26{number:05d}"},
        },
        "played_at": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "context": None,
    }


def history(dice: random.Random, polls: int) -> tuple[list[dict[str, Any]], list[datetime]]:
    """Plays, oldest first, and the moments at which somebody polls."""
    moment, plays, moments = START, [], []
    for _ in range(polls):
        for _ in range(dice.choice((0, 1, 5, 12, 30, 49, 50, 51, 70, 120))):
            moment += timedelta(milliseconds=dice.randint(31_000, 300_000))
            plays.append(play_item(moment, dice.randint(1, 40)))
        moment += timedelta(seconds=dice.randint(20, 7200))
        moments.append(moment)
    return plays, moments


def run_scenario(seed: int, folder: Path, spotify: SpotifySandbox, forked: Children, empty: Path) -> Outcome:
    """One scenario; `Outcome.wrong` says what did not hold. `empty` is a warehouse with nothing in it.

    Three in four begin with that, because making its tables takes seconds; the others begin with no warehouse.
    """
    began = time.monotonic()
    dice = random.Random(seed)
    place = Place(folder)
    outcome = Outcome(seed)
    if dice.random() < 0.75:
        place.warehouse.parent.mkdir(parents=True)
        shutil.copy(empty, place.warehouse)
        shutil.copytree(working_folder(empty), working_folder(place.warehouse))
    environment = {name: value for name, value in place.env.items() if name.startswith(("SPOTIFLOW_", "DBT_"))}
    environment |= {"SPOTIFLOW_SPOTIFY_API": spotify.url, "SPOTIFLOW_SPOTIFY_ACCOUNTS": spotify.url}

    polls = dice.randint(2, 4)
    people: dict[str, SandboxAccount] = {}
    all_moments: list[datetime] = []
    for number in range(dice.choice((1, 1, 2))):
        plays, moments = history(dice, polls)
        account = SandboxAccount(f"refresh-{number}", plays[::-1], {"account_id": f"somebody-{number}"})
        people[f"{dice.getrandbits(128):032x}"] = account
        all_moments += moments
        outcome.plays += len(plays)
    # One clock for all: what an account plays after the last poll is never asked for.
    moments = [*sorted(dice.sample(all_moments, polls - 1)), max(all_moments)]
    spotify.reset(people.values())
    for user_id, account in people.items():
        store_login(place.folder / "home", spotify, user_id, account, expired=dice.random() < 0.3)

    certain: set[Play] = set()  # shown, and in the hands of a process that lived on to put it on disk
    pauses_over = False

    def run(now: datetime, kill_at: int) -> dict[str, Any]:
        spotify.now = now
        for account in people.values():
            account.shown.clear()
        answer = forked.run(
            environment=environment, now=now.replace(tzinfo=None).isoformat(), kill_at=kill_at, ask_now=pauses_over
        )
        outcome.runs += 1
        outcome.kills += answer["killed"]
        if answer["hung"]:
            outcome.wrong.append(f"the run at {now} did not end")
        elif answer["error"]:
            outcome.wrong.append(f"the run at {now} ended in {answer['error']}")
        certain.update((user_id, moment, track) for user_id, moment, track in answer["kept"])
        if not answer["killed"]:
            for user_id, account in people.items():
                certain.update(key_of(user_id, item) for page in account.shown for item in page)
        return answer

    for number, moment in enumerate(moments):
        for account in people.values():
            account.shape = dice.choice((None, None, shorter(dice), doubled(dice)))
        spotify.faults.clear()
        for _ in range(dice.choice((0, 0, 1, 2, 5))):
            fault = dice.choice(FAULTS)
            spotify.faults.add(dice.choice(PATHS), fault)
            outcome.faults += 1
        pauses_over = dice.random() < 0.5
        run(moment, dice.randint(1, LARGEST_STEP) if dice.random() < KILLS else 0)
        if number % 2 and dice.random() < 0.5:  # killed again while it recovers
            run(moment + timedelta(minutes=1), dice.randint(1, LARGEST_STEP))

    # The faults end; plain re-runs.
    spotify.faults.clear()
    for account in people.values():
        account.shape = None
    pauses_over = True
    for minutes in (10, 11):
        answer = run(moments[-1] + timedelta(minutes=minutes), 0)
        outcome.wrong += [f"a plain run said: {problem}" for problem in answer["problems"]]
    check(place, people, certain, moments[-1], outcome)
    outcome.seconds = time.monotonic() - began
    return outcome


def shorter(dice: random.Random) -> Any:
    kept = dice.randint(1, 40)
    return lambda items: items[:kept]


def doubled(dice: random.Random) -> Any:
    again = dice.randint(1, 5)
    return lambda items: [item for number, item in enumerate(items) for _ in range(2 if number % 9 < again else 1)]


def store_login(home: Path, spotify: SpotifySandbox, user_id: str, account: SandboxAccount, expired: bool) -> None:
    path = token_path(user_id, home)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    login = {
        "access_token": spotify.issue_access_token(account.refresh_token),
        "refresh_token": account.refresh_token,
        "expires_at": int(time.time()) + (-10 if expired else 7200),
        "scope": "user-read-recently-played",
        "client_id": spotify.client_id,
    }
    path.write_text(json.dumps(login))
    label = f"label-{account.refresh_token}"
    known = KnownAccount(label, spotify.client_id, datetime(2026, 10, 1), f"hash of {label}", "Europe/London")
    remember_account(home, user_id, known)


def key_of(user_id: str, item: dict[str, Any]) -> Play:
    moment = datetime.fromisoformat(item["played_at"]).replace(tzinfo=None)
    return user_id, moment.isoformat(), item["track"]["id"]


def check(place: Place, people: dict[str, SandboxAccount], certain: set[Play], now: datetime, outcome: Outcome) -> None:
    """The invariants."""
    with duckdb.connect(str(place.warehouse), read_only=True) as connection:
        # as staging reads them: rows of complete loads
        rows = connection.execute(
            "select user_id, played_at, track_id from raw_spotify.recently_played "
            "where _dlt_load_id in (select load_id from raw_spotify._dlt_loads where status = 0)"
        ).fetchall()
        (total,) = connection.execute("select count(*) from raw_spotify.recently_played").fetchone() or (0,)
        observed = connection.execute(gap_rule()).fetchall()
        polls = connection.execute(
            "select user_id, requested_at, oldest_played_at, newest_played_at from raw_spotify.poll_log "
            "where newest_played_at is not null order by requested_at"
        ).fetchall()
    stored = [(user_id, moment.isoformat(), track) for user_id, moment, track in rows]
    wrong = outcome.wrong
    if total != len(rows):
        wrong.append(f"{total - len(rows)} plays belong to loads that are not complete")
    if len(set(stored)) != len(stored):
        wrong.append(f"{len(stored) - len(set(stored))} plays are stored twice")
    if missing := certain - set(stored):
        wrong.append(f"{len(missing)} plays were shown and are not stored: {sorted(missing)[:3]}")
    true = {
        key_of(user_id, item): datetime.fromisoformat(item["played_at"])
        for user_id, account in people.items()
        for item in account.items
    }
    if made_up := set(stored) - set(true):
        wrong.append(f"{len(made_up)} stored plays never happened: {sorted(made_up)[:3]}")

    gaps = recomputed_gaps(polls)
    outcome.gaps = len(gaps)
    if gaps != {(user_id, start, end) for user_id, start, end in observed}:
        wrong.append(f"the model finds {len(observed)} gaps, the request log {len(gaps)}")
    first = {user_id: min(moment for one, moment, _ in stored if one == user_id) for user_id in {s[0] for s in stored}}
    kept = set(stored)
    for play, happened in true.items():
        user_id, moment, _ = play
        if play in kept or happened > now:
            continue
        if user_id not in first or moment < first[user_id]:
            continue  # before the first page that anybody kept
        outcome.lost += 1
        at = datetime.fromisoformat(moment)
        if not any(one == user_id and start < at < end for one, start, end in gaps):
            wrong.append(f"{play} was never stored and lies in no gap")
    if set(first) != set(people) and any(account.items for account in people.values()):
        silent = set(people) - set(first)
        if any(datetime.fromisoformat(item["played_at"]) <= now for user in silent for item in people[user].items):
            wrong.append("an account that listened has no play")
    left = [*spool.waiting(place.warehouse), *working_folder(place.warehouse).rglob("*.parquet")]
    if left:
        wrong.append(f"{len(left)} files were left behind, such as {left[0]}")
    if set_aside_folder(place.warehouse).exists():
        wrong.append(f"something was set aside: {sorted(set_aside_folder(place.warehouse).rglob('*'))[:4]}")


def recomputed_gaps(polls: list[tuple[Any, ...]]) -> set[tuple[str, datetime, datetime]]:
    """The rule in other words: nothing on a page is as old as the newest play of the pages before it."""
    newest: dict[str, datetime] = {}
    gaps = set()
    for user_id, _, oldest, last in polls:
        if user_id in newest and oldest > newest[user_id]:
            gaps.add((user_id, newest[user_id], oldest))
        newest[user_id] = max(last, newest.get(user_id, last))
    return gaps


def gap_rule() -> str:
    """The SQL of the model that finds gaps, reading raw tables in the place of their staging views."""
    sql = (PROJECT / "models" / "intermediate" / "int_observed_gaps.sql").read_text(encoding="utf-8")
    sql = re.sub(r"\{\{\s*ref\('stg_(?:spotify|spotiflow)__(\w+)'\)\s*\}\}", r"raw_spotify.\1", sql)
    assert "{{" not in sql, "the model reads something that this test does not know"
    return f"select user_id, gap_started_at, gap_ended_at from ({sql})"
