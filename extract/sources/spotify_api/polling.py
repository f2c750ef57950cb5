"""Polling: the newest plays of every account that has logged in, and what else Spotify knows of them.

Plays of all accounts are stored before anything else is requested. One account that fails stops no other. If a service
asks for a long pause, nobody requests anything until it is over, also in later runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from extract.http import Patience, utc_now
from extract.report import FileReport, LoadError, LoadReport, Progress, silent
from extract.request_log import RequestLog, still_paused
from extract.service_errors import Outcome, ServiceError
from extract.sources.spotify_api.accounts import KnownAccount, accounts_with_login, remember_account, unnamed
from extract.sources.spotify_api.daily_endpoints import due, request_extras
from extract.sources.spotify_api.identity import Hashed, check_identity, identity_of_client, redact_names_of
from extract.sources.spotify_api.login import AccountClient, app_of, cached_client
from extract.sources.spotify_api.recently_played import Poll, Rows, account_for, poll, rows_of
from extract.sources.spotify_api.session import TOKENS, WEB_API
from extract.sources.spotify_api.settings import SOURCE
from extract.stored import Stored, StoredAccount

_APP_WIDE = (Outcome.RATE_LIMITED, "quota_spent", "owner_needs_premium", "app_refused")
"""Refusals that concern the app: its other accounts need not be asked in the same run."""


@dataclass
class AccountPoll:
    """What one account gave."""

    user_id: str
    known: KnownAccount
    report: FileReport
    plays_new: int = 0
    rows_extra: int = 0
    error: LoadError | None = None
    later: LoadError | None = None  # plays are stored; something else has to wait

    @property
    def name(self) -> str:
        """What people call the account; for the terminal only."""
        return self.known.label

    @property
    def problem(self) -> str | None:
        """Why something is missing, with the account's name."""
        found = self.error or self.later
        return f"{self.name}: {found}" if found else None

    @property
    def unnamed_problem(self) -> str | None:
        """The same with the name that the site uses, for output that goes into logs."""
        found = self.error or self.later
        return f"{unnamed(self.user_id).label}: {found}" if found else None


@dataclass
class PollReport:
    """What a poll of all accounts brought."""

    accounts: list[AccountPoll] = field(default_factory=list)

    @property
    def plays_new(self) -> int:
        """Plays that were not stored before."""
        return sum(account.plays_new for account in self.accounts)

    @property
    def rows_new(self) -> int:
        """New plays, and rows of everything else that was requested."""
        return self.plays_new + sum(account.rows_extra for account in self.accounts)

    @property
    def problems(self) -> list[str]:
        """A sentence for each account of which something is missing."""
        return [account.problem for account in self.accounts if account.problem]

    @property
    def exit_code(self) -> int:
        """0 all is well; 3 something is missing; 1 no account gave its plays."""
        if any(account.error is None for account in self.accounts):
            return 3 if self.problems else 0
        return 1 if self.accounts else 0

    @property
    def wait(self) -> float | None:
        """The longest pause that a service asked for, in seconds; None without any."""
        errors = [error for account in self.accounts for error in (account.error, account.later)]
        return max((e.retry_after for e in errors if isinstance(e, ServiceError) and e.retry_after), default=None)

    def as_load_report(self) -> LoadReport:
        """For `spotiflow load`: one "file" per account."""
        return LoadReport("Recently played", [account.report for account in self.accounts], self.plays_new)


@dataclass
class _Polled:
    """An account in the course of a run."""

    result: AccountPoll
    log: RequestLog
    account: StoredAccount | None = None
    client: AccountClient | None = None
    poll: Poll | None = None


@dataclass
class Polling:
    """One run. `home` is the folder of secrets.

    `keep` puts rows on disk at once, whatever happens to this process later; `load` brings what was kept into the raw
    tables that `stored` answers from. `timezone` is for accounts that are not loaded yet.
    """

    home: Path
    stored: Stored
    keep: Callable[[Rows], object]
    load: Callable[[], object]
    hashed: Hashed
    progress: Progress = silent
    timezone: str | None = None
    clock: Callable[[], datetime] = utc_now
    sleep: Callable[[float], None] | None = None
    patience: Patience | None = None
    polled: list[_Polled] = field(default_factory=list)
    stopped: dict[str, LoadError] = field(default_factory=dict)  # app -> why it requests nothing any more

    def run(
        self,
        user_ids: Iterable[str] | None = None,
        names: Mapping[str, str] | None = None,
        ask_now: bool = False,
    ) -> PollReport:
        """Poll accounts (all that logged in, unless some are named).

        `names` are labels of accounts whose login was put there by hand; `ask_now` ignores pauses that services asked
        for.

        Raises:
            LoadError: nothing could be stored. What concerns one account is in its AccountPoll instead.
        """
        known = accounts_with_login(self.home)
        redact_names_of(known.values(), self.hashed)
        if not ask_now:
            self._note_pauses()
        for user_id in known if user_ids is None else user_ids:
            account = known.get(user_id, unnamed(user_id))
            label = (names or {}).get(user_id)
            self._request_plays(user_id, replace(account, label=label) if label else account)
        self.store_plays()
        self._request_more()
        return PollReport([one.result for one in self.polled])

    def _note_pauses(self) -> None:
        now = self.clock()
        # A pause concerns the app, whichever of its accounts met it: also one that is not polled this time.
        for service in (WEB_API, TOKENS):
            for user_id, until in self.stored.pauses(service, now).items():
                app = app_of(self.home, user_id)
                before = self.stopped.get(app)
                error = still_paused("Spotify", until, now)
                if not isinstance(before, ServiceError) or (before.retry_after or 0) < (error.retry_after or 0):
                    self.stopped[app] = error

    def _request_plays(self, user_id: str, known: KnownAccount) -> None:
        """The account's page of recently played, or why there is none."""
        report = FileReport("recently played", SOURCE)
        one = _Polled(AccountPoll(user_id, known, report), RequestLog(user_id, self.clock))
        self.polled.append(one)
        self.progress(f"Asking Spotify for {known.label}'s newest plays")
        app = app_of(self.home, user_id)
        try:
            if app in self.stopped:
                raise self.stopped[app]
            one.account = self._account(user_id, known)
            one.client = cached_client(user_id, self.home, log=one.log, patience=self.patience, sleep=self.sleep)
            self._check_identity(one, one.client)
            one.poll = poll(one.client, user_id)
            # On disk before the next account is polled: Spotify may never show these plays again.
            self.keep(rows_of([one.account], [one.poll]))
            one.result.report = one.poll.report
            if one.poll.error is not None:
                raise one.poll.error
        except LoadError as error:
            one.result.error = error
            one.result.report.problem = str(error)
            if isinstance(error, ServiceError) and error.kind in _APP_WIDE:
                self.stopped[app] = error
        one.result.report.file = f"{known.label}'s recently played"

    def store_plays(self) -> None:
        """Load the pages, and the log of all requests."""
        answered = [one for one in self.polled if one.poll is not None]
        for one in answered:
            self._compare(one)
        requests = [row for one in self.polled for row in one.log.rows]
        if requests:
            self.keep(rows_of([], [], requests))
        if answered or requests:
            self.load()
        for one in self.polled:
            one.log.rows.clear()

    def _request_more(self) -> None:
        """Saved tracks, and tracks that only exports named."""
        found = []
        for one in self.polled:
            if one.result.error is not None or one.client is None:
                continue
            user_id = one.result.user_id
            app = app_of(self.home, user_id)
            if app in self.stopped:
                one.result.later = self.stopped[app]
                continue
            wanted = due(self.stored, user_id, self.clock())
            self.progress(f"Asking Spotify for {one.result.name}'s saved tracks and for track data")
            extras = request_extras(one.client, user_id, wanted)
            if extras.error is not None:
                one.result.later = extras.error
                if extras.error.kind in _APP_WIDE:
                    self.stopped[app] = extras.error
            if extras.notes:
                notes = [one.result.report.note, *dict.fromkeys(extras.notes)]
                one.result.report.note = " ".join(note for note in notes if note)
            one.result.rows_extra = extras.rows
            if extras.poll.requests:
                found.append(extras.poll)
        if found:
            self.keep(rows_of([], found))
            self.load()

    def _account(self, user_id: str, known: KnownAccount) -> StoredAccount:
        try:
            account = account_for(self.stored, user_id, self.timezone)
        except LoadError:
            if not known.timezone or self.timezone:
                raise
            account = account_for(self.stored, user_id, known.timezone)
        if account.display_name is None and known.display_name:
            account = replace(account, display_name=known.display_name)
        return account

    def _check_identity(self, one: _Polled, client: AccountClient) -> None:
        """Find out once whose login it is: two labels of one Spotify account would count every play twice."""
        known, user_id = one.result.known, one.result.user_id
        if known.spotify_account or known == unnamed(user_id):
            return
        try:
            found = identity_of_client(client, self.hashed)
        except ServiceError:
            return  # tried again at the next poll; plays matter more
        if found is not None:
            check_identity(self.home, user_id, known, found)
            remember_account(self.home, user_id, replace(known, spotify_account=found))

    def _compare(self, one: _Polled) -> None:
        """Count what is new on the page, and say so when nothing on it was stored already."""
        assert one.poll is not None
        plays, user_id = one.poll.plays, one.result.user_id
        if not plays:
            return
        oldest = min(row["played_at"] for row in plays)
        stored, newest = self.stored.polled_plays(user_id, oldest), self.stored.newest_polled_play(user_id)
        one.result.plays_new = sum((row["played_at"], row["track_id"]) not in stored for row in plays)
        if newest is not None and newest < oldest:
            one.result.report.note = (
                f"Plays may be missing between {_moment(newest)} and {_moment(oldest)}: Spotify remembers only "
                "the last 50. An export that covers that time brings them back. Poll more often to avoid new gaps."
            )


def _moment(value: datetime) -> str:
    return f"{value.day} {value:%b %Y, %H:%M} UTC"
