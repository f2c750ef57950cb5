"""Polling from the command line: the warehouse that polls go into, and what people are told of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from extract.http import Patience, utc_now
from extract.report import Progress, silent
from extract.sources.spotify_api.accounts import KnownAccount
from extract.sources.spotify_api.settings import WARN_BEFORE_DAYS
from spotiflow.console import Screen
from spotiflow.formatting import columns, count, day
from spotiflow.settings import Settings

if TYPE_CHECKING:
    from extract.sources.spotify_api.polling import PollReport


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
    """Poll accounts into `warehouse`, by default that of the settings. The caller holds its lock.

    The other arguments, and what is raised: `extract.sources.spotify_api.polling.Polling`.
    """
    from extract.raw import spool
    from extract.raw.loader import load_tables
    from extract.raw.store import Store
    from extract.sources.spotify_api.polling import Polling
    from spotiflow.pseudonyms import keyed_hash

    target = warehouse or settings.warehouse
    polling = Polling(
        settings.home,
        Store(target),
        keep=partial(spool.keep, target),
        load=partial(load_tables, target, {}, progress),
        hashed=partial(keyed_hash, home=settings.home),
        progress=progress,
        timezone=timezone,
        clock=clock,
        sleep=sleep,
        patience=patience,
    )
    return polling.run(user_ids, names, ask_now)


def summarise_poll(screen: Screen, polled: PollReport) -> None:
    """One line per account, then what is missing and what to do."""
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
        screen.heading("Spotify did not answer every request")
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
