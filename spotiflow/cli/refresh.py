"""The whole way from what is loaded to the site, in the one order that is right.

poll -> dbt up to the Top Songs -> recommendations for them -> dbt for everything -> publish -> site.
Whatever fails stops it, and the site goes on showing what was published before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from spotiflow import run_log, warehouse
from spotiflow.checksums import project_fingerprint
from spotiflow.cli.online import FORBIDDEN, Online, load_missing_features, online, recommenders
from spotiflow.console import CommandError, Screen, Step
from spotiflow.dbt_runner import BuildResult, Dbt, NodeResult
from spotiflow.formatting import columns, count, day, moment, seconds
from spotiflow.locks import connect, only_one, wait_for_database
from spotiflow.publication import definitions_began_since, read_publication, shows_all_of
from spotiflow.publish import site
from spotiflow.publish.publish import publish
from spotiflow.publish.stamp import is_current
from spotiflow.settings import Settings, shown
from spotiflow.warehouse import Arrivals, Kind

if TYPE_CHECKING:
    import duckdb

# What `extract.recommendations` reads; `weekly_top_songs` names the songs that are asked about.
_FOR_RECOMMENDERS = (
    *("weekly_top_songs", "weekly_listening", "dim_users", "dim_tracks", "fct_plays"),
    *("diagnostic_constants", "recommenders"),
)
_TO_TOP_SONGS = [
    *("--select", *(f"+{name}" for name in _FOR_RECOMMENDERS)),
    # Only tests of which every table is selected: others would judge tables that are not there yet.
    *("--indirect-selection", "cautious"),
    # Unit tests need no data: once, in the full build, is enough.
    *("--exclude", "test_type:unit"),
]

_OF_PLAYED = "Ask for audio features of what was played"
_OF_RECOMMENDED = "Ask for audio features of what was recommended"

_HOW_TO_LOAD = """\
  spotiflow load sample
      fictional listeners, to look around
  spotiflow load export my_spotify_data.zip --account me --timezone Europe/London
      your own listening, from the export that Spotify sends you"""
NOTHING_LOADED = f"No listening is loaded yet. Load some, then refresh:\n{_HOW_TO_LOAD}"
ONLY_FEATURES = f"Audio features are loaded, but nobody's listening. Load some, then refresh:\n{_HOW_TO_LOAD}"


def require_listening(settings: Settings, open_warehouse: duckdb.DuckDBPyConnection | None = None) -> None:
    """Raise CommandError, saying what to load, unless somebody's plays are in the warehouse."""
    if not settings.warehouse.exists():
        raise CommandError(NOTHING_LOADED)
    with open_warehouse or connect(settings.warehouse, read_only=True) as connection:
        if warehouse.kind(connection) is Kind.NOTHING:
            raise CommandError(NOTHING_LOADED)
        if not any(account.plays for account in warehouse.accounts(connection)):
            raise CommandError(ONLY_FEATURES)


def build_site(settings: Settings, screen: Screen, command: str, wait: bool) -> None:
    """The last step, also on its own: the site from the published file."""
    # One build at a time in this checkout, whatever warehouse it is for.
    with only_one(site.guarded(settings), command, wait, screen.note), screen.step("Build the site") as step:
        step.result = site.build(settings, step.at).in_short


def advice_for(label: str, text: str) -> str:
    """A message that says what to run, for the site of one account alone."""
    return re.sub(r"`spotiflow (refresh|site)`", f"`spotiflow refresh --only {label}`", text)


class _Failed(Exception):
    """A build or test failed; the summary says which."""


@dataclass
class Refresh:
    """One run of `spotiflow refresh`; `run` returns the exit code."""

    settings: Settings
    screen: Screen
    command: str
    wait: bool = True
    force: bool = False
    with_site: bool = True
    ask_online: bool = True  # false: with what is loaded, no service is asked

    arrivals: Arrivals = field(default_factory=Arrivals)
    build: BuildResult | None = None
    with_poll: bool = True
    dbt: Dbt | None = None  # of a process that goes on: parsed code is kept between runs
    only: str | None = None  # the label of the one account that `settings` are about; None: everybody
    poll_problems: list[str] = field(default_factory=list)
    poll_notes: list[str] = field(default_factory=list)
    service_problems: list[str] = field(default_factory=list)  # what services for features and songs did not give
    published: bool = False

    def __post_init__(self) -> None:
        self._may: Online | None = None
        self.before = read_publication(self.settings.published)

    def run(self) -> int:
        """Do everything that is due and print one summary."""
        code = 0
        try:
            with only_one(self.settings.warehouse, self.command, self.wait, self.screen.note):
                site_is_due = self._data()
            # The warehouse is free for others again: the site is made from the published file alone.
            if site_is_due and self.with_site:
                build_site(self.settings, self.screen, self.command, self.wait)
        except CommandError as error:
            code = error.exit_code
            self.screen.error(self._as_typed(str(error)))
        except _Failed:
            code = 1
        self._summarise(failed=code != 0)
        return code or (3 if self.poll_problems or self.service_problems else 0)

    # --- the steps -------------------------------------------------------------------------------------------

    def _data(self) -> bool:
        """Everything up to the published file; returns whether the site has to be built."""
        require_listening(self.settings, self._open() if self.settings.warehouse.exists() else None)
        self._finish_loads()
        if self.ask_online:
            self._poll()
        self._features(_OF_PLAYED)
        if not self.force and self._published_is_current():
            self._recommend(services_only=True)
            self._features(_OF_RECOMMENDED)
            if self._published_is_current():
                return self._site_is_due()
        with self._open() as connection:
            self.arrivals = warehouse.arrivals(connection, self.before.published_at if self.before else None)

        dbt = self.dbt or Dbt(self.settings)
        self._build(dbt, "Build and test up to the Top Songs", _TO_TOP_SONGS)
        self._recommend()
        self._features(_OF_RECOMMENDED)
        self._build(dbt, "Build and test everything", [])
        with self.screen.step("Publish") as step:
            # Parsed again: what is published must be what is on disk now.
            step.result = publish(self.settings, dbt.parse(), step.at, self.wait).in_short
            self.published = True
        return True

    def _open(self) -> duckdb.DuckDBPyConnection:
        return connect(self.settings.warehouse, read_only=True, wait=self.wait, say=self.screen.note)

    def _finish_loads(self) -> None:
        """What a killed run had fetched and not loaded is listening as well."""
        from extract.raw import spool

        if not spool.waiting(self.settings.warehouse):
            return
        from extract.raw.loader import finish

        with self.screen.step("Load what an interrupted run left") as step:
            wait_for_database(self.settings.warehouse, self.wait, self.screen.note)
            finish(self.settings.warehouse, step.at)

    def _poll(self) -> None:
        """Ask Spotify for the newest plays of every account that has logged in."""
        if not self.with_poll or not any((self.settings.home / "tokens").glob("*.json")):
            return
        with self._open() as connection:
            if warehouse.kind(connection) is not Kind.REAL:
                return  # sample and real listening never share a warehouse
        from extract.http import utc_now
        from extract.report import LoadError
        from extract.sources.spotify_api.accounts import accounts_with_login
        from spotiflow.cli.polling import poll_accounts, warnings

        with self.screen.step("Ask Spotify for the newest plays") as step:
            try:
                report = poll_accounts(self.settings, step.at)
                step.result = count(report.plays_new, "new play")
                # What is loaded is still worth showing; the summary and the exit code say what is missing.
                self.poll_problems += report.problems
                self.poll_notes += [f"{one.name}: {one.report.note}" for one in report.accounts if one.report.note]
                self.poll_notes += warnings(accounts_with_login(self.settings.home).values(), utc_now())
            except LoadError as error:
                self.poll_problems.append(str(error))
            if self.poll_problems:
                step.verdict = "failed"

    def _published_is_current(self) -> bool:
        """Whether publishing again would publish the same: same listening, models, seeds, tests and recommenders."""
        if self.before is None or self.before.project_fingerprint != project_fingerprint(self.settings.root):
            return False
        if definitions_began_since(self.settings.published, self.before.published_at):
            return False
        with self._open() as connection:
            # A build that failed, or one under other vars, has left the warehouse otherwise than it was published.
            if run_log.was_built_since(connection, self.before.published_at):
                return False
            return shows_all_of(connection, self.before)

    def _site_is_due(self) -> bool:
        assert self.before is not None
        since = f"since the data was published, {moment(self.before.published_at)}"
        if not self.with_site or is_current(self.settings):
            self.screen.say(f"Everything is up to date: nothing new came in, and nothing changed {since}.")
            self.screen.say("To build and test it all again nevertheless: spotiflow refresh --force")
            return False
        self.screen.say(f"Nothing new came in, no model or definition changed {since}: only the site is built.")
        return True

    def _online(self) -> Online:
        """What may be asked of services."""
        if self._may is None:
            self._may = (
                online(self.settings, self.wait, self.screen.note) if self.ask_online else Online(why_not=FORBIDDEN)
            )
        return self._may

    def _features(self, title: str) -> None:
        """Audio features that no provider knows yet, where services may be asked; nothing to say where they may not."""
        may = self._online()
        if not may:
            return
        from extract.report import LoadError

        with self.screen.step(title) as step:
            wait_for_database(self.settings.warehouse, self.wait, self.screen.note)
            try:
                report = load_missing_features(self.settings, may, step.at)
                step.result = f"{count(report.rows_loaded, 'track')} found"
                problems = [str(file.problem) for file in report.problems]
            except LoadError as error:
                problems = [str(error)]
            self._note_problems(step, problems)

    def _recommend(self, services_only: bool = False) -> None:
        """Ask recommenders about the Top Songs; services alone, when only they may have left something open."""
        from spotiflow.recommend import recommend

        asked = [one for one in recommenders(self.settings, self._online()) if not (services_only and one.is_local)]
        if not asked:
            return
        with self.screen.step("Ask services to recommend" if services_only else "Recommend songs for them") as step:
            wait_for_database(self.settings.warehouse, self.wait, self.screen.note)
            report = recommend(self.settings.warehouse, progress=step.at, recommenders=asked)
            new = "" if report.rows_new is None else f", {report.rows_new:,} new"
            step.result = count(report.rows_loaded, "recommendation") + new
            self._note_problems(step, [f"Recommender {file.file}: {file.problem}" for file in report.problems])

    def _note_problems(self, step: Step, problems: list[str]) -> None:
        """What is loaded is still worth showing; the summary and the exit code say what is missing."""
        if problems:
            step.verdict = "not complete"
            self.service_problems += [problem for problem in problems if problem not in self.service_problems]

    def _build(self, dbt: Dbt, title: str, arguments: list[str]) -> None:
        with self.screen.step(title) as step:
            wait_for_database(self.settings.warehouse, self.wait, self.screen.note)
            self.build = dbt.build([*arguments, *self._full_refresh(dbt)], step.at)
            step.result = self.build.in_short
            if not self.build.ok:
                step.verdict = "failed"
        if self.build.error:
            raise CommandError(self.build.error)
        if not self.build.ok:
            raise _Failed

    def _full_refresh(self, dbt: Dbt) -> list[str]:
        """Build incremental models from scratch when that was asked for, and when the project has changed."""
        if self.build is not None:
            return []  # the first of the two builds has done it
        if self.force:
            return ["--full-refresh"]
        incrementals = dbt.incremental_models()
        with self._open() as connection:
            # A table that exists cannot drop a column or change its type.
            has_other_code = run_log.has_other_code(connection, incrementals, project_fingerprint(self.settings.root))
        return ["--full-refresh"] if has_other_code else []

    def _as_typed(self, text: str) -> str:
        """Advice to run a command, for the site that this is about."""
        return text if self.only is None else advice_for(self.only, text)

    # --- the summary -----------------------------------------------------------------------------------------

    def _summarise(self, failed: bool) -> None:
        screen = self.screen
        if self.build is not None:
            self._say_arrivals()
            if self.build.results:
                self._say_tests(self.build)
        if self.poll_problems:
            screen.heading("Spotify could not be asked for everything")
            for problem in self.poll_problems:
                screen.say(f"  {problem}")
        for note in self.poll_notes:
            screen.say(f"  {note}")
        if self.service_problems:
            screen.heading("Services did not answer everything")
            for problem in self.service_problems:
                screen.say(f"  {problem}")
        if len(screen.steps) > 1:
            screen.heading(f"Time: {seconds(sum(step.duration for step in screen.steps))}")
            for line in columns([[step.title, seconds(step.duration)] for step in screen.steps], right=(1,)):
                screen.say(line)
        if failed:
            self._still_shows()
        elif screen.steps and self.with_site:
            screen.heading(f"The site is ready: {shown(self.settings.site / 'index.html')}")
            if self.only is None:
                screen.say("  `spotiflow serve` (or `make serve`) shows it in a browser.")
            else:
                screen.say(f"  `spotiflow serve --only {self.only}` shows it in a browser.")
        elif screen.steps and self.published:
            screen.heading(f"Published: {shown(self.settings.published)}. The site was left as it is (--no-site).")

    def _say_arrivals(self) -> None:
        screen, came = self.screen, self.arrivals
        since = f"since {moment(self.before.published_at)}" if self.before else "so far"
        if not came.files:
            if self.before is not None:
                screen.heading(f"Nothing new came in {since}.")
            return
        screen.heading(f"Came in {since}: {count(came.rows_loaded, 'row')} from {count(came.files, 'file')}")
        if came.rows_set_aside:
            screen.say(f"  {came.rows_set_aside:,} set aside (podcasts, audiobooks, rows that name nothing)")
        if came.rows_repeated:
            screen.say(f"  {count(came.rows_repeated, 'exact repeat')} counted once")
        if came.rows_rejected:
            screen.say(f"  {came.rows_rejected:,} rejected, kept in raw_spotify.rejected_rows")
            for line in columns([[f"{rows:,}", reason] for reason, rows in came.rejected.items()], (0,), "    "):
                screen.say(line)
        for file, problem in came.problems:
            screen.say(f"  {file}: {problem}")

    def _say_tests(self, build: BuildResult) -> None:
        screen = self.screen
        tests = {word: build.having(*statuses, tests=True) for word, statuses in _OUTCOMES.items()}
        counts = [f"{len(found):,} {word}" for word, found in tests.items() if found]
        screen.heading(f"Tests: {', '.join(counts) if counts else 'none ran'}")
        for result in tests["warned"]:
            screen.say(f"  warning: {result.plain}{_rows(result)}")
        for number, result in enumerate(build.bad, start=1):
            self._say_failure(number, result)
        skipped = build.having("skipped", tests=False)
        if skipped:
            screen.say(f"  {count(len(skipped), 'table')} not built, because something before failed")

    def _say_failure(self, number: int, result: NodeResult) -> None:
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
            with self._open() as connection:
                cursor = connection.execute(f"select * from ({sql}\n) limit 1")
                names, row = [column[0] for column in cursor.description or []], cursor.fetchone()
        except duckdb.Error:
            return ""  # a table that was rolled back, say: the SQL is named all the same
        known = [f"{name} {value}" for name, value in zip(names, row or (), strict=False) if value is not None]
        text = ", ".join(known)
        return text if len(text) <= _EXAMPLE_WIDTH else f"{text[:_EXAMPLE_WIDTH].rpartition(',')[0]}, ..."

    def _still_shows(self) -> None:
        screen, now = self.screen, read_publication(self.settings.published)
        if self.published:
            screen.heading("The data was published, but the site shows what it showed before.")
            screen.say(f"  Once the cause is gone: {self._as_typed('`spotiflow site`').strip('`')}")
        elif now is None:
            screen.heading("Nothing was published, and nothing was before.")
        else:
            data = f"the data of {day(now.newest_listening_date)}, " if now.newest_listening_date else "what was "
            screen.heading(f"Nothing was published. The site still shows {data}published {moment(now.published_at)}.")


_OUTCOMES = {"passed": ("pass",), "warned": ("warn",), "failed": ("fail", "error"), "not run": ("skipped",)}
_EXAMPLE_WIDTH = 150


def _rows(result: NodeResult) -> str:
    if result.resource_type != "test" or not result.failures:
        return ""
    return f" ({count(result.failures, 'row breaks it', 'rows break it')})"
