"""Polling: the newest plays of every account that has logged in, and what else Spotify knows of them.

Plays of all accounts are stored before anything else is asked. One account that fails stops no other; a service that
asks for a long pause is left alone until then, also by later runs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from extract.http import Outcome, Patience, ServiceError, own_names, utc_now
from extract.report import FileReport, LoadError, LoadReport, Progress, silent
from extract.request_log import RequestLog, pauses, still_paused
from extract.sources.spotify_api.accounts import KnownAccount, accounts_with_login, known_accounts, remember_account
from extract.sources.spotify_api.settings import SOURCE, WARN_BEFORE_DAYS
from spotiflow.console import Screen
from spotiflow.formatting import columns, count, day, moment
from spotiflow.settings import Settings

if TYPE_CHECKING:
    from extract.sources.spotify_api import Account, AccountClient
    from extract.sources.spotify_api.recently_played import Poll

_APP_WIDE = (Outcome.RATE_LIMITED, "quota_spent", "owner_needs_premium", "app_refused")
"""Refusals that concern the app, so that its other accounts need not be asked in the same run."""


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
    def unnamed_problem(self) -> str | None:
        """The same with the name that the site uses, for output that goes into logs."""
        found = self.error or self.later
        return f"Listener {self.user_id[:6]}: {found}" if found else None

    @property
    def problem(self) -> str | None:
        """Why something is missing, with the account's name."""
        found = self.error or self.later
        return f"{self.name}: {found}" if found else None


@dataclass
class PollReport:
    """What a poll of all accounts brought."""

    accounts: list[AccountPoll] = field(default_factory=list)

    @property
    def plays_new(self) -> int:
        """Plays that the warehouse did not hold before."""
        return sum(account.plays_new for account in self.accounts)

    @property
    def rows_new(self) -> int:
        """New plays, and rows of everything else that was asked."""
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
        """For `spotiflow load`: one "file" an account."""
        report = LoadReport("Recently played", [account.report for account in self.accounts])
        report.rows_new = self.plays_new
        return report


def poll_accounts(
    settings: Settings,
    progress: Progress = silent,
    user_ids: Iterable[str] | None = None,
    *,
    names: Mapping[str, str] | None = None,
    timezone: str | None = None,
    ask_now: bool = False,
    warehouse: Path | None = None,
    clock: Callable[[], datetime] = utc_now,
    sleep: Callable[[float], None] | None = None,
    patience: Patience | None = None,
) -> PollReport:
    """Ask Spotify for the newest plays of accounts (all that logged in, unless named) and load them.

    The caller holds the warehouse's lock. `names` are labels of accounts whose login was put there by hand, `timezone`
    is for accounts that are not loaded yet; `ask_now` asks even services that wanted to be left alone longer;
    `warehouse` takes the place of the one in `settings`.

    Raises:
        LoadError: nothing could be stored. What concerns one account is in its AccountPoll instead.
    """
    target = warehouse or settings.warehouse
    known = accounts_with_login(settings.home)
    wanted = list(known) if user_ids is None else list(user_ids)
    name_none_of(settings.home, known.values())
    run = _Run(settings, target, progress, timezone, clock, sleep, patience)
    if not ask_now:
        run.leave_alone(wanted)
    for user_id in wanted:
        account = known.get(user_id, KnownAccount(f"Listener {user_id[:6]}"))
        label = (names or {}).get(user_id)
        run.ask_plays(user_id, replace(account, label=label) if label else account)
    run.store_plays()
    run.ask_more()
    return PollReport(run.results)


@dataclass
class _Asked:
    """An account in the course of a run."""

    result: AccountPoll
    log: RequestLog
    account: Account | None = None
    client: AccountClient | None = None
    poll: Poll | None = None


@dataclass
class _Run:
    settings: Settings
    warehouse: Path
    progress: Progress
    timezone: str | None
    clock: Callable[[], datetime]
    sleep: Callable[[float], None] | None
    patience: Patience | None
    asked: list[_Asked] = field(default_factory=list)
    stopped: dict[str, LoadError] = field(default_factory=dict)  # app -> why it is not asked any more

    @property
    def results(self) -> list[AccountPoll]:
        return [one.result for one in self.asked]

    def leave_alone(self, user_ids: Iterable[str]) -> None:
        """Note the apps that asked for a pause that is not over."""
        from extract.sources.spotify_api.session import TOKENS, WEB_API

        now = self.clock()
        # A pause concerns the app, whichever of its accounts met it: also one that is not polled this time.
        for service in (WEB_API, TOKENS):
            for user_id, until in pauses(self.warehouse, service, now).items():
                app = app_of(self.settings.home, user_id)
                before = self.stopped.get(app)
                error = still_paused("Spotify", until, now)
                if not isinstance(before, ServiceError) or (before.retry_after or 0) < (error.retry_after or 0):
                    self.stopped[app] = error

    def ask_plays(self, user_id: str, known: KnownAccount) -> None:
        """The account's page of recently played, or why there is none."""
        from extract.sources.spotify_api import cached_client
        from extract.sources.spotify_api.recently_played import account_for, keep_polls, poll

        home = self.settings.home
        one = _Asked(
            AccountPoll(user_id, known, FileReport("recently played", SOURCE)), RequestLog(user_id, self.clock)
        )
        self.asked.append(one)
        self.progress(f"Asking Spotify for {known.label}'s newest plays")
        app = app_of(home, user_id)
        try:
            if app in self.stopped:
                raise self.stopped[app]
            one.account = self._account(account_for, user_id, known)
            one.client = cached_client(user_id, home, log=one.log, patience=self.patience, sleep=self.sleep)
            self._check_identity(one)
            one.poll = poll(one.client, user_id)
            # On disk before the next account is asked: Spotify may never show these plays again.
            keep_polls(self.warehouse, [one.account], [one.poll])
            one.result.report = one.poll.report
            if one.poll.error is not None:
                raise one.poll.error
        except LoadError as error:
            self._fail(one, app, error)
        one.result.report.file = f"{known.label}'s recently played"

    def store_plays(self) -> None:
        """Load what was answered, and the log of all requests."""
        from extract.raw.loader import load_tables
        from extract.sources.spotify_api.recently_played import keep_polls

        answered = [one for one in self.asked if one.poll is not None]
        for one in answered:
            self._compare(one)
        requests = [row for one in self.asked for row in one.log.rows]
        if requests:
            keep_polls(self.warehouse, [], [], requests)
        if answered or requests:
            load_tables(self.warehouse, {}, self.progress)
        for one in self.asked:
            one.log.rows.clear()

    def ask_more(self) -> None:
        """Saved tracks, and tracks that only exports named."""
        import duckdb

        from extract.sources.spotify_api.daily_endpoints import ask_extras, due
        from extract.sources.spotify_api.recently_played import load_polls

        found = []
        for one in self.asked:
            if one.result.error is not None or one.client is None:
                continue
            user_id = one.result.user_id
            app = app_of(self.settings.home, user_id)
            if app in self.stopped:
                one.result.later = self.stopped[app]
                continue
            with duckdb.connect(str(self.warehouse), read_only=True) as connection:
                wanted = due(connection, user_id, self.clock())
            self.progress(f"Asking Spotify what else it knows of {one.result.name}")
            extras = ask_extras(one.client, user_id, wanted)
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
            load_polls(self.warehouse, [], found, self.progress)

    def _account(self, account_for: Callable[..., Account], user_id: str, known: KnownAccount) -> Account:
        stored: Account
        try:
            stored = account_for(self.warehouse, user_id, self.timezone)
        except LoadError:
            if not known.timezone or self.timezone:
                raise
            stored = account_for(self.warehouse, user_id, known.timezone)
        if stored.display_name is None and known.display_name:
            stored = replace(stored, display_name=known.display_name)
        return stored

    def _check_identity(self, one: _Asked) -> None:
        """Whose login it is, asked once: two labels of one Spotify account would count every play twice."""
        from extract.sources.spotify_api.daily_endpoints import spotify_account

        known, home, user_id = one.result.known, self.settings.home, one.result.user_id
        if known.spotify_account or one.client is None or known.label.startswith("Listener "):
            return
        try:
            found = spotify_account(one.client, home)
        except ServiceError:
            return  # asked again at the next poll; plays matter more
        if found is None:
            return
        check_identity(home, user_id, known, found)
        remember_account(home, user_id, replace(known, spotify_account=found))

    def _fail(self, one: _Asked, app: str, error: LoadError) -> None:
        one.result.error = error
        one.result.report.problem = str(error)
        if isinstance(error, ServiceError) and error.kind in _APP_WIDE:
            self.stopped[app] = error

    def _compare(self, one: _Asked) -> None:
        """Count what is new on the page, and say so when nothing on it was stored already."""
        import duckdb

        assert one.poll is not None
        plays = one.poll.plays
        one.result.plays_new = len(plays)
        if not plays or not self.warehouse.exists():
            return
        oldest = min(row["played_at"] for row in plays)
        try:
            with duckdb.connect(str(self.warehouse), read_only=True) as connection:
                rows = connection.execute(
                    "select played_at, track_id from raw_spotify.recently_played where user_id = ? and played_at >= ?",
                    [one.result.user_id, oldest],
                ).fetchall()
                (newest,) = connection.execute(
                    "select max(played_at) from raw_spotify.recently_played where user_id = ?",
                    [one.result.user_id],
                ).fetchall()[0]
        except duckdb.CatalogException:
            return  # nothing was ever loaded
        stored = set(rows)
        one.result.plays_new = sum((row["played_at"], row["track_id"]) not in stored for row in plays)
        if newest is not None and newest < oldest:
            one.result.report.note = (
                f"Plays may be missing between {moment(newest)} and {moment(oldest)}: Spotify remembers the last 50 "
                "only. An export that covers that time brings them back; poll more often to lose none."
            )


def identity_of(home: Path, login: dict[str, object]) -> tuple[str | None, str | None]:
    """A keyed hash of the Spotify account that a new login belongs to, or what Spotify says instead."""
    import spotipy

    from extract.services import services
    from extract.sources.spotify_api.daily_endpoints import named_in
    from extract.sources.spotify_api.session import WEB_API, ApiSession
    from spotiflow.pseudonyms import keyed_hash

    base = services().spotify_api
    client = spotipy.Spotify(
        auth=login["access_token"], requests_session=ApiSession(WEB_API, "Spotify", base), requests_timeout=15
    )
    client.prefix = f"{base}/v1/"
    try:
        me = client.me()
    except ServiceError as error:
        return None, str(error)
    own_names.add(*named_in(me))
    found = me.get("account_id") or me.get("id")
    return (keyed_hash(str(found), home), None) if found else (None, None)


def name_none_of(home: Path, accounts: Iterable[KnownAccount]) -> None:
    """See to it that no refusal is quoted with the name of one of these accounts in it.

    Spotify's own id of an account is known as a hash only: enough to recognise it in a sentence.
    """
    from spotiflow.pseudonyms import keyed_hash

    own_names.clear()
    known = list(accounts)
    own_names.add(*(name for account in known for name in (account.label, account.display_name)))
    if hashes := {account.spotify_account for account in known if account.spotify_account}:
        own_names.recognise.append(lambda word: keyed_hash(word, home) in hashes)


def check_identity(home: Path, user_id: str, known: KnownAccount, spotify_account: str) -> None:
    """Raise LoadError when the label was another Spotify account before, or another label is the same one."""
    for other_id, other in known_accounts(home).items():
        if other.spotify_account == spotify_account and other_id != user_id:
            raise LoadError(
                f"This login belongs to the Spotify account that is called '{other.label}' here already: its plays "
                f"would count twice. Log in to another Spotify account, or go on with --account {other.label}."
            )
    if known.spotify_account and known.spotify_account != spotify_account:
        raise LoadError(
            f"'{known.label}' has been another Spotify account so far: two people's listening would be mixed. "
            "Choose another label for this one, or log in to the Spotify account that it was."
        )


def summarise_poll(screen: Screen, polled: PollReport) -> None:
    """One line an account, then what is missing and what to do."""
    screen.heading(
        f"Recently played: {count(polled.plays_new, 'new play')} of {count(len(polled.accounts), 'account')}"
    )
    rows = []
    for one in polled.accounts:
        page = "not asked or refused" if one.error else f"of {one.report.rows_read:,} on the page"
        more = f", {one.rows_extra:,} rows of saved tracks and track data" if one.rows_extra else ""
        rows.append([one.name, f"{one.plays_new:,} new", page + more])
    for line in columns(rows, right=(1,)):
        screen.say(line)
    for one in polled.accounts:
        if rejected := one.report.rejected.total():
            reasons = ", ".join(f"{number:,} {reason}" for reason, number in one.report.rejected.most_common())
            screen.say(f"  {one.name}: {count(rejected, 'row')} rejected, kept in raw_spotify.rejected_rows: {reasons}")
        if one.report.note:
            screen.say(f"  {one.name}: {one.report.note}")
    if polled.problems:
        screen.heading("Spotify could not be asked for everything")
        for problem in polled.problems:
            screen.say(f"  {problem}")
    else:
        screen.say()
        screen.say("Next: spotiflow refresh")


def warnings(known: Iterable[KnownAccount], now: datetime) -> list[str]:
    """A sentence for each login that ends soon or has ended. `now` is naive UTC."""
    found = []
    for account in known:
        ends = account.login_ends_at
        if ends is None or ends - now > timedelta(days=WARN_BEFORE_DAYS):
            continue
        left = (ends - now).days
        when = f"ends in {count(left, 'day')}, on {day(ends.date())}" if ends > now else f"ended on {day(ends.date())}"
        found.append(f"The login of '{account.label}' {when}. Renew it: spotiflow login --account {account.label}")
    return found


def app_of(home: Path, user_id: str) -> str:
    """The app that an account's login belongs to; '' when that is not known."""
    from extract.sources.spotify_api import token_path

    try:
        stored = json.loads(token_path(user_id, home).read_text(encoding="utf-8"))
        return str(stored.get("client_id") or "")
    except (OSError, ValueError, AttributeError):
        return ""
