"""The live mode: poll, and only when something came in, build, publish and rebuild the site; in one process.

An error costs one round, never the process. The warehouse is locked only during a round.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from spotiflow import signals, warehouse
from spotiflow.checksums import project_fingerprint
from spotiflow.cli.polling import poll_accounts
from spotiflow.cli.refresh import Refresh
from spotiflow.console import Screen, Step
from spotiflow.dbt_runner import Dbt
from spotiflow.formatting import count
from spotiflow.locks import connect, only_one, wait_for_database
from spotiflow.publication import read_publication
from spotiflow.settings import Settings

if TYPE_CHECKING:
    from extract.sources.spotify_api.polling import PollReport

_MOST_BACK_OFF = 4
"""The longest pause, in intervals, after several rounds in which no account could be asked."""


class _Quiet(Screen):
    """Shows nothing; keeps what went wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.interactive = False
        self.failures: list[str] = []

    def say(self, text: str = "", style: str | None = None) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""

    def error(self, text: str) -> None:
        """Kept for the line of this round."""
        self.failures.append(" ".join(text.split()))

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """A step without a spinner."""
        step = Step(title, self)
        self.steps.append(step)
        try:
            yield step
        except BaseException:
            step.verdict = "failed"
            raise


@dataclass
class Follow:
    """The live mode. `wait` takes seconds and says whether to stop; tests put in their own."""

    settings: Settings
    screen: Screen
    command: str
    every: float  # seconds
    with_site: bool = True
    polls: int = 0  # 0: for ever
    poll: Callable[..., PollReport] = poll_accounts
    wait: Callable[[float], bool] | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.dbt = Dbt(self.settings)
        self.is_behind = False  # something was loaded that is not shown yet
        self.fruitless = 0  # rounds in a row in which nobody could be asked
        before = read_publication(self.settings.published)
        is_same_code = before is not None and before.project_fingerprint == project_fingerprint(self.settings.root)
        self.seen = before.raw_fingerprint if before is not None and is_same_code else None

    def run(self) -> None:
        """Run round after round until stopped."""
        wait = self.wait or self.stop.wait
        with self._signals():
            number = 0
            while not self.stop.is_set():
                self._say(self.round())
                number += 1
                if number == self.polls:
                    return
                factor = min(2 ** max(0, self.fruitless - 1), _MOST_BACK_OFF)
                if wait(self.every * factor):
                    break
        self.screen.say("Stopped. Nothing is half done.")

    def round(self) -> str:
        """One round; what it did or what went wrong, in a line."""
        try:
            return self._round()
        except Exception as error:
            # Whatever it was, the next round starts afresh: dlt and DuckDB finish or discard what was under way.
            self.is_behind = True
            self.fruitless += 1
            self.dbt.manifest = None
            text = " ".join(str(error).split()) or type(error).__name__
            return f"failed: {text[:400]}"

    def _round(self) -> str:
        parts = []
        with only_one(self.settings.warehouse, self.command, True, self.screen.note):
            wait_for_database(self.settings.warehouse, True, self.screen.note)
            changed = self._fingerprint() != self.seen
            report = self.poll(self.settings)
            self.seen = self._fingerprint()
        self.fruitless = self.fruitless + 1 if report.exit_code == 1 else 0
        parts.append(count(report.plays_new, "new play"))
        self.is_behind = self.is_behind or changed or bool(report.rows_new)
        if self.is_behind:
            parts.append(self._refresh())
        else:
            parts.append("nothing to do")
        # Without labels: what a long-lived process says ends up in some log.
        problems = [account.unnamed_problem for account in report.accounts]
        parts += [" ".join(problem.split()) for problem in problems if problem]
        return "; ".join(parts)

    def _refresh(self) -> str:
        quiet = _Quiet()
        refresh = Refresh(self.settings, quiet, self.command, with_site=self.with_site, with_poll=False, dbt=self.dbt)
        code = refresh.run()
        # Recommendations and features that came with it are part of what is shown now.
        self.seen = self._fingerprint()
        if code in (0, 3):
            self.is_behind = False
            said = "published, site built" if self.with_site else "published"
            return "; ".join([said, *(" ".join(problem.split()) for problem in refresh.summary.service_problems)])
        if quiet.failures:
            return f"not published: {quiet.failures[-1][:400]}"
        bad = refresh.summary.build.bad if refresh.summary.build is not None else []
        first = f", first: {bad[0].plain}" if bad else ""
        return f"not published: {count(len(bad), 'test or table')} failed{first}. `spotiflow refresh` shows the details"

    def _fingerprint(self) -> str | None:
        if not self.settings.warehouse.exists():
            return None
        with connect(self.settings.warehouse, read_only=True, say=self.screen.note) as connection:
            return warehouse.raw_fingerprint(connection)

    def _say(self, text: str) -> None:
        self.screen.say(f"{datetime.now():%Y-%m-%d %H:%M:%S}  {text}")

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """The first signal stops it after the current step, the second one at once."""

        def ask(number: int, frame: object) -> None:
            if self.stop.is_set():
                signals.stop(number, frame)
            self.stop.set()

        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
