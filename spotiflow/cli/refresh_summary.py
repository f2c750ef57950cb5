"""What `spotiflow refresh` says at its end: what came in, which tests failed and where to look, what the site shows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from spotiflow.console import Screen
from spotiflow.dbt_runner import BuildResult, NodeResult
from spotiflow.formatting import columns, count, day, moment, seconds
from spotiflow.locks import connect
from spotiflow.publication import Publication, read_publication
from spotiflow.settings import Settings, shown
from spotiflow.warehouse import Arrivals

_OUTCOMES = {"passed": ("pass",), "warned": ("warn",), "failed": ("fail", "error"), "not run": ("skipped",)}
_EXAMPLE_WIDTH = 150


def advice_for(label: str | None, text: str) -> str:
    """A message whose advice to run a command fits the site of one account alone; None: everybody's."""
    return text if label is None else re.sub(r"`spotiflow (refresh|site)`", f"`spotiflow refresh --only {label}`", text)


@dataclass
class RefreshSummary:
    """Collects what a refresh meets on its way; `show` prints it."""

    settings: Settings
    screen: Screen
    before: Publication | None  # what was published when the refresh began
    with_site: bool
    only: str | None  # label of the one account that this is about; None: everybody
    arrivals: Arrivals = field(default_factory=Arrivals)
    build: BuildResult | None = None
    poll_problems: list[str] = field(default_factory=list)
    poll_notes: list[str] = field(default_factory=list)
    service_problems: list[str] = field(default_factory=list)  # features and recommendations that services did not give
    is_published: bool = False

    def show(self, failed: bool) -> None:
        """Print it."""
        screen = self.screen
        if self.build is not None:
            self._show_arrivals()
            if self.build.results:
                self._show_tests(self.build)
        self._show_list("Spotify did not answer every request", self.poll_problems)
        for note in self.poll_notes:
            screen.say(f"  {note}")
        self._show_list("Services did not answer every request", self.service_problems)
        if len(screen.steps) > 1:
            screen.heading(f"Time: {seconds(sum(step.duration for step in screen.steps))}")
            for line in columns([[step.title, seconds(step.duration)] for step in screen.steps], right=(1,)):
                screen.say(line)
        if failed:
            self._show_what_stands()
        elif screen.steps and self.with_site:
            screen.heading(f"The site is ready: {shown(self.settings.site / 'index.html')}")
            if self.only is None:
                screen.say("  `spotiflow serve` (or `make serve`) shows it in a browser.")
            else:
                screen.say(f"  `spotiflow serve --only {self.only}` shows it in a browser.")
        elif screen.steps and self.is_published:
            screen.heading(f"Published: {shown(self.settings.published)}. The site was not rebuilt (--no-site).")

    def _show_list(self, title: str, problems: list[str]) -> None:
        if problems:
            self.screen.heading(title)
            for problem in problems:
                self.screen.say(f"  {problem}")

    def _show_arrivals(self) -> None:
        screen, came = self.screen, self.arrivals
        since = f"since {moment(self.before.published_at)}" if self.before else "so far"
        if not came.files:
            if self.before is not None:
                screen.heading(f"Nothing new came in {since}.")
            return
        screen.heading(f"New {since}: {count(came.rows_loaded, 'row')} from {count(came.files, 'file')}")
        if came.rows_set_aside:
            screen.say(f"  {came.rows_set_aside:,} set aside (podcasts, audiobooks, rows without a title)")
        if came.rows_repeated:
            screen.say(f"  {count(came.rows_repeated, 'exact repeat')} counted once")
        if came.rows_rejected:
            screen.say(f"  {came.rows_rejected:,} rejected, kept in raw_spotify.rejected_rows")
            for line in columns([[f"{rows:,}", reason] for reason, rows in came.rejected.items()], (0,), "    "):
                screen.say(line)
        for file, problem in came.problems:
            screen.say(f"  {file}: {problem}")

    def _show_tests(self, build: BuildResult) -> None:
        screen = self.screen
        tests = {word: build.having(*statuses, tests=True) for word, statuses in _OUTCOMES.items()}
        counts = [f"{len(found):,} {word}" for word, found in tests.items() if found]
        screen.heading(f"Tests: {', '.join(counts) if counts else 'none ran'}")
        for result in tests["warned"]:
            screen.say(f"  warning: {result.plain}{_rows(result)}")
        for number, result in enumerate(build.bad, start=1):
            self._show_failure(number, result)
        skipped = build.having("skipped", tests=False)
        if skipped:
            screen.say(f"  {count(len(skipped), 'table')} not built, because something upstream failed")

    def _show_failure(self, number: int, result: NodeResult) -> None:
        screen = self.screen
        what = f"{result.plain}{_rows(result)}" if result.is_test else f"{result.name} could not be built"
        screen.say(f"  {number}. {what}", style="bold red")
        details = [("look at", ", ".join(result.subjects[:3]))]
        if result.status == "fail" and result.resource_type == "test":
            details.append(("for example", self._example(result)))
        else:
            lines = result.message.splitlines()
            details += [("what happened" if i == 0 else "", line.strip()) for i, line in enumerate(lines[:12])]
        if result.compiled_path is not None:
            details.append(("SQL", shown(result.compiled_path)))
        details.append(("name in dbt", result.name))
        for line in columns([[word, text] for word, text in details if text], indent="     "):
            screen.say(line)

    def _example(self, result: NodeResult) -> str:
        """The first row that breaks a test, as far as it fits in a line."""
        import duckdb

        if result.compiled_path is None:
            return ""
        sql = result.compiled_path.read_text().strip().rstrip(";")
        try:
            with connect(self.settings.warehouse, read_only=True, say=self.screen.note) as connection:
                cursor = connection.execute(f"select * from ({sql}\n) limit 1")
                names, row = [column[0] for column in cursor.description or []], cursor.fetchone()
        except duckdb.Error:
            return ""  # a table that was rolled back, say: the SQL is named all the same
        known = [f"{name} {value}" for name, value in zip(names, row or (), strict=False) if value is not None]
        text = ", ".join(known)
        return text if len(text) <= _EXAMPLE_WIDTH else f"{text[:_EXAMPLE_WIDTH].rpartition(',')[0]}, ..."

    def _show_what_stands(self) -> None:
        screen, now = self.screen, read_publication(self.settings.published)
        if self.is_published:
            screen.heading("The data was published, but the site still shows the previous data.")
            screen.say(f"  Once the problem is fixed: {advice_for(self.only, '`spotiflow site`').strip('`')}")
        elif now is None:
            screen.heading("Nothing was published, and nothing had been before.")
        else:
            data = f"the data of {day(now.newest_listening_date)}, " if now.newest_listening_date else "what was "
            screen.heading(f"Nothing was published. The site still shows {data}published {moment(now.published_at)}.")


def _rows(result: NodeResult) -> str:
    if result.resource_type != "test" or not result.failures:
        return ""
    return f" ({count(result.failures, 'row breaks it', 'rows break it')})"
