"""`make live-demo`: the live path from end to end, without an account. It says what it does, and checks what it says.

Exit code 1 when something that it says does not hold.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import duckdb

from spotiflow.console import Screen
from spotiflow.demo import stand_ins
from spotiflow.settings import shown

_DAYS_AWAY = 3
_PERSON = "mira"


class _Broken(Exception):
    """Something that the demo promises does not hold."""


class Demo:
    """One run; `run` returns the exit code."""

    def __init__(self, with_site: bool) -> None:
        self.with_site = with_site
        self.place = stand_ins.sandbox()
        self.screen = Screen()
        self.step = 0

    def run(self) -> int:
        """Say each step and check it."""
        try:
            self._tell()
        except _Broken as broken:
            self.screen.error(str(broken))
            return 1
        return 0

    def _tell(self) -> None:
        stand_ins.clear()
        say = self.screen.say
        say("This runs the real code against stand-ins of Spotify and ReccoBeats. Nothing leaves this machine.")

        self._heading("Mira logs in. The stand-in agrees for her; Spotify would ask in a browser.")
        self._spotiflow("login", "--account", _PERSON, "--timezone", "Europe/London")

        self._heading("The first poll: Spotify shows the last 50 plays and no more.")
        self._spotiflow("load", "api")
        self._expect(self._count("raw_spotify.recently_played") == 50, "50 plays are stored")

        self._heading("Four hours later: the page overlaps with what is stored, so nothing was missed.")
        self._spotiflow("load", "api")
        first = self._count("raw_spotify.recently_played")
        self._expect(first > 50, f"{first} plays are stored, each once")

        self._heading(
            f"Nobody polls for {_DAYS_AWAY} days. Nothing on the next page is stored yet: plays may have been lost."
        )
        self._spotiflow("load", "api", hours=24.0 * _DAYS_AWAY)
        self._spotiflow("refresh", "--no-site", hours=0.0)
        gaps = self._gaps()
        self._expect([status for *_, status in gaps] == ["open"], "there is one gap, and it is open")
        began, ended, _ = gaps[0]
        lost = [moment for moment in self._listened() if began < moment < ended]
        say(f"  The gap is from {began:%a %d %b, %H:%M} to {ended:%a %d %b, %H:%M} UTC.")
        self._expect(bool(lost), f"{len(lost)} of Mira's plays fell off Spotify's page in between")
        features = self._count("raw_spotify.audio_features where provider = 'reccobeats' and is_found")
        self._expect(features > 0, f"ReccoBeats knew the audio features of {features} tracks")

        self._heading("Mira asks Spotify for her extended streaming history. It covers the gap, and the weeks before.")
        say(f"  {shown(self.place.export(_PERSON))}")
        self._spotiflow("load", "export", str(self.place.export(_PERSON)), "--account", _PERSON, hours=0.0)
        self._spotiflow("refresh", *([] if self.with_site else ["--no-site"]), hours=0.0)
        self._expect([status for *_, status in self._gaps()] == ["closed"], "the gap is closed")
        listened, stored = len(self._listened()), self._count("marts.fct_plays")
        self._expect(stored == listened, f"she played {listened} songs, and fct_plays has {stored}: each once")
        asked = self._count("raw_spotify.recommendation_requests where recommender = 'reccobeats'")
        self._expect(asked > 0, f"ReccoBeats recommended songs for {asked} Top Songs of her weeks")

        self._heading("What is loaded now:")
        self._spotiflow("accounts", hours=0.0)
        self._spotiflow("status", hours=0.0)
        say()
        say("All checks passed. Go on with spotiflow --sandbox load api; with every command some hours pass.")
        say(f"Your own data was not touched; delete {shown(self.place.folder)} when you are done.")

    def _heading(self, text: str) -> None:
        self.step += 1
        self.screen.heading(f"{self.step}. {text}")

    def _spotiflow(self, *arguments: str, hours: float | None = None) -> None:
        self.screen.say(f"$ spotiflow --sandbox {' '.join(arguments)}", style="bold cyan")
        environment = dict(os.environ)
        if hours is not None:
            environment[stand_ins.HOURS_VARIABLE] = str(hours)
        command = [sys.executable, "-c", "from spotiflow.cli.main import main; main()", "--sandbox", *arguments]
        code = subprocess.run(command, env=environment, check=False).returncode
        if code != 0:
            raise _Broken(f"spotiflow {arguments[0]} ended with exit code {code}; its output is above.")

    def _expect(self, holds: bool, what: str) -> None:
        if not holds:
            raise _Broken(f"This check failed: {what}.")
        self.screen.say(f"  -> {what}.", style="green")

    def _count(self, table: str) -> int:
        with duckdb.connect(str(self.place.warehouse), read_only=True) as connection:
            (rows,) = connection.execute(f"select count(*) from {table}").fetchone() or (0,)
        return int(rows)

    def _gaps(self) -> list[tuple[datetime, datetime, str]]:
        with duckdb.connect(str(self.place.warehouse), read_only=True) as connection:
            return connection.execute(
                "select gap_started_at, gap_ended_at, gap_status from marts.listening_gaps order by 1"
            ).fetchall()

    def _listened(self) -> list[datetime]:
        """When Mira's plays ended: the truth, which only the stand-in knows."""
        (path,) = Path(self.place.export(_PERSON)).glob("*.json")
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [datetime.fromisoformat(row["ts"]).replace(tzinfo=None) for row in rows]


if __name__ == "__main__":
    sys.exit(Demo(with_site="--no-site" not in sys.argv[1:]).run())
