"""Random listening, polled through faults and kills: what must hold once the faults have ended.

A scenario is made from its seed alone: who listened when, what each page shows, which faults come, what becomes of
logins, and where a run is killed: some steps after a named point, or anywhere. A share of the kills is a power cut,
which takes back what nobody had synced. The real polling runs in a child process against the stand-in, through spotipy,
dlt and DuckDB.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import stat
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from extract.raw import spool
from extract.raw.loader import set_aside_folder, working_folder
from extract.report import LoadError
from extract.sources.spotify_api import authorise, token_path
from extract.sources.spotify_api.accounts import KnownAccount, known_accounts, remember_account
from spotiflow.demo.sandbox import Fault, SandboxAccount, SpotifySandbox
from tests import fork_server
from tests.chaos.points import ONCE_EACH, POINTS, WEIGHTS
from tests.conftest import PROJECT, Place

PAGE = "/v1/me/player/recently-played"
TOKENS = "/api/token"
PATHS = (PAGE, PAGE, PAGE, "/v1/me", TOKENS, "/v1/me/tracks")
KILLS = 0.6  # share of polls in which the run is killed
AIMED = 0.75  # share of these in which it is killed at a named point or soon after
POWER_CUTS = 0.5  # share of kills that take back what was not synced
POLITE = 0.2  # share of kills that ask the run to stop
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
    Fault(400, {"error": "invalid_grant", "error_description": "Refresh token revoked"}),
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
    logins: Counter[str] = field(default_factory=Counter)  # renewed, withdrawn, expired in mid-run, lost to a kill
    aimed: Counter[str] = field(default_factory=Counter)  # kills at or soon after each named point
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


def run_watched(environment: dict[str, str], order: dict[str, Any]) -> dict[str, Any]:
    """One poll (`tests/chaos/watched.py`): how it ended, what it owes, which points it reached."""
    code, out, err = fork_server.start(
        "from tests.chaos.watched import poll; poll()",
        ["spotiflow", json.dumps(order)],
        PROJECT,
        os.environ | environment,
    ).finish()
    answer: dict[str, Any] = {"owed": [], "points": [], "problems": [], "ends": [], "steps": None, "killed": False}
    for line in out.splitlines():
        said = json.loads(line)
        answer["owed"] += said.pop("owed", [])
        answer["points"] += [said.pop("point")] if "point" in said else []
        answer |= said
    polite_end = 128 + signal.SIGTERM  # asked politely, the command ends itself
    return answer | {
        "hung": code == -signal.SIGKILL and not answer["killed"],
        "killed": answer["killed"] and code in (-signal.SIGKILL, polite_end),
        "error": err if code not in (0, -signal.SIGKILL, polite_end) else None,
    }


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


def run_scenario(seed: int, folder: Path, spotify: SpotifySandbox, empty: Path) -> Outcome:
    """One scenario; `Outcome.wrong` says what did not hold. `empty` is a warehouse with nothing in it.

    Most begin with that, because making its tables takes seconds; the others begin with no warehouse.
    """
    began = time.monotonic()
    dice = random.Random(seed)
    place = Place(folder)
    outcome = Outcome(seed)
    if dice.random() < 0.85:
        place.warehouse.parent.mkdir(parents=True)
        shutil.copy(empty, place.warehouse)
        shutil.copytree(working_folder(empty), working_folder(place.warehouse))
    environment = {name: value for name, value in place.env.items() if name.startswith(("SPOTIFLOW_", "DBT_"))}
    environment |= {"SPOTIFLOW_SPOTIFY_API": spotify.url, "SPOTIFLOW_SPOTIFY_ACCOUNTS": spotify.url}

    polls = dice.choice((2, 2, 3, 4))
    people: dict[str, SandboxAccount] = {}
    all_moments: list[datetime] = []
    for number in range(dice.choice((1, 2, 2))):
        plays, moments = history(dice, polls)
        account = SandboxAccount(f"refresh-{number}", plays[::-1], {"account_id": f"somebody-{number}"})
        people[f"{dice.getrandbits(128):032x}"] = account
        all_moments += moments
        outcome.plays += len(plays)
    # One clock for all: what an account plays after the last poll is never asked for.
    moments = [*sorted(dice.sample(all_moments, polls - 1)), max(all_moments)]
    spotify.reset(people.values())
    spotify.rotates_refresh_tokens = dice.random() < 0.67
    spotify.keeps_old_refresh_tokens = dice.random() < 0.5
    logins = Logins(place.folder / "home", spotify, people, outcome)
    for user_id in people:
        logins.store(user_id, is_expired=dice.random() < 0.3, is_known=dice.random() < 0.5)

    certain: set[Play] = set()  # answered, and in the hands of a process that had the time to put it on disk
    pauses_over = False

    def run(now: datetime, kill: dict[str, Any]) -> dict[str, Any]:
        spotify.now = now
        for account in people.values():
            account.shown.clear()
        order = {"now": now.replace(tzinfo=None).isoformat(), "ask_now": pauses_over}
        answer = run_watched(environment, order | ALIVE | kill)
        outcome.runs += 1
        outcome.kills += answer["killed"]
        if answer["killed"] and kill.get("aim"):
            outcome.aimed[kill["aim"]["point"]] += 1
        if answer["hung"]:
            outcome.wrong.append(f"the run at {now} did not end")
        elif answer["error"]:
            outcome.wrong.append(f"the run at {now} ended in {answer['error']}")
        certain.update((user_id, as_stored(moment), track) for user_id, moment, track in answer["owed"])
        if not answer["killed"]:
            for user_id, account in people.items():
                certain.update(key_of(user_id, item) for page in account.shown for item in page)
        if gone := certain - on_disk(place):
            outcome.wrong.append(f"after the run at {now} {len(gone)} plays are nowhere on disk: {sorted(gone)[:3]}")
        logins.look(now, answer)
        return answer

    for number, moment in enumerate(moments):
        if outcome.wrong:
            return outcome  # what follows would only say so again
        for account in people.values():
            account.shape = dice.choice((None, None, shorter(dice), doubled(dice)))
        spotify.faults.clear()
        for _ in range(dice.choice((0, 0, 1, 2, 5))):
            fault = dice.choice(FAULTS)
            spotify.faults.add(dice.choice(PATHS), fault)
            outcome.faults += 1
        if dice.random() < 0.3:
            spotify.faults.hook = logins.expiring_at(dice.randint(1, 6))
        if dice.random() < 0.15:
            logins.withdraw(dice.choice(list(people)))
        pauses_over = dice.random() < 0.5
        run(moment, a_kill(dice) if dice.random() < KILLS else {})
        if number % 2 and dice.random() < 0.5:  # killed again while it recovers
            run(moment + timedelta(minutes=1), a_kill(dice))
        if dice.random() < 0.5:
            logins.log_in_again()

    # The faults end, somebody logs in where it is needed; plain re-runs, the first of which has to renew each login.
    spotify.faults.clear()
    logins.log_in_again()
    spotify.access_tokens.clear()
    for account in people.values():
        account.shape = None
    pauses_over = True
    for minutes in (10, 11)[: dice.choice((1, 1, 2))]:  # a second one must find nothing left to do
        answer = run(moments[-1] + timedelta(minutes=minutes), {})
        outcome.wrong += [f"a plain run said: {problem}" for problem in answer["problems"]]
    check(place, people, certain, moments[-1], outcome)
    logins.look_at_the_end()
    outcome.seconds = time.monotonic() - began
    return outcome


ALIVE: dict[str, Any] = {"kill_at": 0, "aim": None, "power_cut": False, "polite": False}


def a_kill(dice: random.Random) -> dict[str, Any]:
    """Where and how a run is killed."""
    kind = dice.random()
    how = {"power_cut": kind < POWER_CUTS, "polite": kind >= 1 - POLITE}
    if dice.random() >= AIMED:
        return how | {"kill_at": dice.randint(1, LARGEST_STEP)}
    (point,) = dice.choices(list(POINTS), [WEIGHTS.get(point, 1) for point in POINTS])
    # What has to be done in the right order is done at once: half of the kills come within four steps.
    reach = POINTS[point]
    steps = dice.choice((dice.randint(0, min(4, reach)), dice.randint(0, reach)))
    occurrence = dice.choice((1, 1, 2)) if point in ONCE_EACH else 1
    return how | {"aim": {"point": point, "occurrence": occurrence, "steps": steps}}


class Logins:
    """The stored logins of a scenario: what becomes of them, and what must hold of their files after each run."""

    def __init__(
        self, home: Path, spotify: SpotifySandbox, people: dict[str, SandboxAccount], outcome: Outcome
    ) -> None:
        self.home = home
        self.spotify = spotify
        self.people = people
        self.outcome = outcome
        self.dead: set[str] = set()  # accounts whose login Spotify no longer takes, for a reason that counts as one

    def store(self, user_id: str, is_expired: bool = False, is_known: bool = True) -> None:
        """Log an account in. Not `is_known`: whose login it is has still to be asked."""
        account = self.people[user_id]
        login = {
            "access_token": self.spotify.issue_access_token(account.refresh_token),
            "refresh_token": account.refresh_token,
            "expires_at": int(time.time()) + (-10 if is_expired else 7200),
            "scope": "user-read-recently-played",
            "client_id": self.spotify.client_id,
        }
        authorise.store_login(self.home, user_id, login)
        name = f"hash of {user_id}" if is_known else None
        known = KnownAccount(f"label-{user_id}", self.spotify.client_id, datetime(2026, 10, 1), name, "Europe/London")
        if user_id not in known_accounts(self.home):
            remember_account(self.home, user_id, known)

    def withdraw(self, user_id: str) -> None:
        """Its owner takes the login away."""
        self.spotify.withdraw(self.people[user_id])
        self.dead.add(user_id)
        self.outcome.logins["withdrawn"] += 1

    def expiring_at(self, number: int) -> Callable[[Any], None]:
        """A hook of the stand-in: all access tokens end right before request number `number`."""
        left = number

        def hook(_: Any) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                self.spotify.access_tokens.clear()
                self.outcome.logins["expired in mid-run"] += 1

        return hook

    def log_in_again(self) -> None:
        """Each account whose login is dead gets a new one."""
        for user_id in sorted(self.dead):
            self.spotify.authorise(self.people[user_id])
            self.store(user_id)
        self.dead.clear()

    def look(self, now: datetime, answer: dict[str, Any]) -> None:
        """After a run: each login is whole, its owner's alone, and taken by Spotify, unless a kill may have cost it."""
        wrong = self.outcome.wrong
        self.outcome.logins["renewed"] += answer["points"].count("saved")
        # The one moment that nobody can close: the old token is dead, and the new one is not on disk.
        points = [point for point in answer["points"] if point in ("renewed", "saved")]
        in_between = answer["killed"] and points[-1:] == ["renewed"] and not self.spotify.keeps_old_refresh_tokens
        try:
            is_whole = set(known_accounts(self.home)) == set(self.people)
        except LoadError:
            is_whole = False
        if not is_whole:
            wrong.append(f"after the run at {now} the list of accounts is not what it was")
            return
        for user_id, account in self.people.items():
            path = token_path(user_id, self.home)
            try:
                stored = json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                wrong.append(f"after the run at {now} the login of {user_id} cannot be read: {error}")
                continue
            for file in path.parent.iterdir():
                if (mode := stat.S_IMODE(file.stat().st_mode)) != 0o600:
                    wrong.append(f"after the run at {now} {file.name} has mode {mode:o}")
            if user_id in self.dead or self.spotify.accounts.get(stored["refresh_token"]) is account:
                continue
            self.dead.add(user_id)
            if in_between:
                self.outcome.logins["lost to a kill"] += 1
                in_between = False  # one login is renewed at a time
            else:
                wrong.append(f"after the run at {now} ({answer['points'][-3:]}) the login of {user_id} is lost")

    def look_at_the_end(self) -> None:
        """No half-written file with a login in it is left."""
        names = {path.name for path in (self.home / "tokens").iterdir()}
        if left := names - {f"{user_id}.json" for user_id in self.people}:
            self.outcome.wrong.append(f"left among the logins: {sorted(left)}")
        if drafts := [path.name for path in self.home.glob("accounts.json.*") if path.suffix != ".lock"]:
            self.outcome.wrong.append(f"left beside the list of accounts: {drafts}")


def shorter(dice: random.Random) -> Any:
    kept = dice.randint(1, 40)
    return lambda items: items[:kept]


def doubled(dice: random.Random) -> Any:
    again = dice.randint(1, 5)
    return lambda items: [item for number, item in enumerate(items) for _ in range(2 if number % 9 < again else 1)]


def on_disk(place: Place) -> set[Play]:
    """Plays that wait or are loaded. At the end a page that came again would hide that it had been lost."""
    found = set()
    for path in spool.folder(place.warehouse).glob("*.json"):
        try:
            rows = spool.read(path).tables.get("recently_played", [])
        except ValueError:
            continue  # torn: what is missing then is said
        found |= {(row["user_id"], row["played_at"].isoformat(), row["track_id"]) for row in rows}
    if place.warehouse.exists():
        # Killed before there were tables?
        with duckdb.connect(str(place.warehouse), read_only=True) as connection, suppress(duckdb.CatalogException):
            found |= {(user, at.isoformat(), track) for user, at, track in connection.execute(STORED).fetchall()}
    return found


STORED = """
select user_id, played_at, track_id from raw_spotify.recently_played
where _dlt_load_id in (select load_id from raw_spotify._dlt_loads where status = 0)
"""
"""As staging reads them: rows of complete loads."""


def key_of(user_id: str, item: dict[str, Any]) -> Play:
    return user_id, as_stored(item["played_at"]), item["track"]["id"]


def as_stored(moment: str) -> str:
    """A moment of Spotify's as the warehouse has it."""
    return datetime.fromisoformat(moment).replace(tzinfo=None).isoformat()


def check(place: Place, people: dict[str, SandboxAccount], certain: set[Play], now: datetime, outcome: Outcome) -> None:
    """The invariants."""
    with duckdb.connect(str(place.warehouse), read_only=True) as connection:
        rows = connection.execute(STORED).fetchall()
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
    rules = PROJECT / "seeds" / "definitions" / "play_merge_rules.csv"
    sql = re.sub(r"\{\{\s*ref\('play_merge_rules'\)\s*\}\}", f"read_csv('{rules}')", sql)
    sql = re.sub(r"\{\{ milliseconds_between\('([\w.]+)', '([\w.]+)'\) \}\}", r"date_diff('milliseconds', \1, \2)", sql)
    assert "{{" not in sql, "the model reads something that this test does not know"
    return f"select user_id, gap_started_at, gap_ended_at from ({sql})"
