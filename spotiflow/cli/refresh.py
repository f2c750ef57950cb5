"""The whole way from what is loaded to the site, in the one order that is right.

poll -> dbt up to the Top Songs -> recommendations for them -> dbt for everything -> publish -> site.
Whatever fails stops it, and the site goes on showing what was published before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spotiflow import run_log, warehouse
from spotiflow.checksums import project_fingerprint
from spotiflow.cli.online import FORBIDDEN, Online, load_missing_features, online, recommenders
from spotiflow.cli.refresh_summary import RefreshSummary, advice_for
from spotiflow.console import CommandError, Screen, Step
from spotiflow.dbt_runner import Dbt
from spotiflow.formatting import count, moment
from spotiflow.locks import connect, only_one, wait_for_database
from spotiflow.publication import definitions_began_since, read_publication, shows_all_of
from spotiflow.publish import site
from spotiflow.publish.publish import publish
from spotiflow.publish.stamp import is_current
from spotiflow.settings import Settings
from spotiflow.warehouse import Kind

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

_OF_PLAYED = "Fetch audio features of played tracks"
_OF_RECOMMENDED = "Fetch audio features of recommended tracks"

_HOW_TO_LOAD = """\
  spotiflow load sample
      fictional listeners, to try things out
  spotiflow load export my_spotify_data.zip --account me --timezone Europe/London
      your own listening, from the export that Spotify sends you"""
NOTHING_LOADED = f"No listening is loaded yet. Load some, then refresh:\n{_HOW_TO_LOAD}"
ONLY_FEATURES = f"Audio features are loaded, but no listening. Load some, then refresh:\n{_HOW_TO_LOAD}"


def require_listening(settings: Settings, open_warehouse: duckdb.DuckDBPyConnection | None = None) -> None:
    """Raise CommandError, saying what to load, unless the warehouse holds plays."""
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
    ask_online: bool = True  # false: work with what is loaded, and ask no service
    with_poll: bool = True
    dbt: Dbt | None = None  # of a process that goes on: parsed code is kept between runs
    only: str | None = None  # the label of the one account that `settings` are about; None: everybody

    def __post_init__(self) -> None:
        self._may: Online | None = None
        self.before = read_publication(self.settings.published)
        self.summary = RefreshSummary(self.settings, self.screen, self.before, self.with_site, self.only)

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
            self.screen.error(advice_for(self.only, str(error)))
        except _Failed:
            code = 1
        self.summary.show(failed=code != 0)
        return code or (3 if self.summary.poll_problems or self.summary.service_problems else 0)

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
            self.summary.arrivals = warehouse.arrivals(connection, self.before.published_at if self.before else None)

        dbt = self.dbt or Dbt(self.settings)
        self._build(dbt, "Build and test up to the Top Songs", _TO_TOP_SONGS)
        self._recommend()
        self._features(_OF_RECOMMENDED)
        self._build(dbt, "Build and test everything", [])
        with self.screen.step("Publish") as step:
            # Parsed again if a file has changed: what is published must be what is on disk now.
            step.result = publish(self.settings, dbt.read(), step.at, self.wait).in_short
            self.summary.is_published = True
        return True

    def _open(self) -> duckdb.DuckDBPyConnection:
        return connect(self.settings.warehouse, read_only=True, wait=self.wait, say=self.screen.note)

    def _finish_loads(self) -> None:
        """What a killed run had fetched and not loaded is listening as well."""
        from extract.raw import spool

        if not spool.waiting(self.settings.warehouse):
            return
        from extract.raw.loader import finish

        with self.screen.step("Finish an interrupted load") as step:
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
                self.summary.poll_problems += report.problems
                self.summary.poll_notes += [
                    f"{one.name}: {one.report.note}" for one in report.accounts if one.report.note
                ]
                self.summary.poll_notes += warnings(accounts_with_login(self.settings.home).values(), utc_now())
            except LoadError as error:
                self.summary.poll_problems.append(str(error))
            if self.summary.poll_problems:
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
            self.screen.say("To build and test everything again: spotiflow refresh --force")
            return False
        self.screen.say(f"Nothing new came in, and no model or definition changed {since}. Only the site is built.")
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
        with self.screen.step(
            "Fetch recommendations from services" if services_only else "Recommend songs for the Top Songs"
        ) as step:
            wait_for_database(self.settings.warehouse, self.wait, self.screen.note)
            report = recommend(self.settings.warehouse, progress=step.at, recommenders=asked)
            new = "" if report.rows_new is None else f", {report.rows_new:,} new"
            step.result = count(report.rows_loaded, "recommendation") + new
            self._note_problems(step, [f"Recommender {file.file}: {file.problem}" for file in report.problems])

    def _note_problems(self, step: Step, problems: list[str]) -> None:
        """What is loaded is still worth showing; the summary and the exit code say what is missing."""
        if problems:
            step.verdict = "not complete"
            self.summary.service_problems += [
                problem for problem in problems if problem not in self.summary.service_problems
            ]

    def _build(self, dbt: Dbt, title: str, arguments: list[str]) -> None:
        with self.screen.step(title) as step:
            wait_for_database(self.settings.warehouse, self.wait, self.screen.note)
            build = self.summary.build = dbt.build([*arguments, *self._full_refresh(dbt)], step.at)
            step.result = build.in_short
            if not build.ok:
                step.verdict = "failed"
        if build.error:
            raise CommandError(build.error)
        if not build.ok:
            raise _Failed

    def _full_refresh(self, dbt: Dbt) -> list[str]:
        """Build incremental models from scratch when that was asked for, and when the project has changed."""
        if self.summary.build is not None:
            return []  # the first of the two builds has done it
        if self.force:
            return ["--full-refresh"]
        incrementals = dbt.incremental_models()
        with self._open() as connection:
            # A table that exists cannot drop a column or change its type.
            has_other_code = run_log.has_other_code(connection, incrementals, project_fingerprint(self.settings.root))
        return ["--full-refresh"] if has_other_code else []
