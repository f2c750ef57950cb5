"""What commands share: options, the run they belong to, and the way every load goes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar

import typer

from spotiflow.console import Screen
from spotiflow.formatting import command_words
from spotiflow.settings import Settings, load_settings

if TYPE_CHECKING:
    from extract.report import LoadReport
    from spotiflow.warehouse import Account, Kind

_T = TypeVar("_T")
_R = TypeVar("_R")

NoWait = Annotated[
    bool, typer.Option("--no-wait", help="Fail at once if another command is running, instead of waiting for it.")
]
AccountLabel = Annotated[
    str,
    typer.Option(
        "--account", metavar="LABEL", help="Your name for this account, e.g. 'me'. It never leaves this machine."
    ),
]
ZONE_HELP = "The account's time zone, e.g. Europe/London. It decides which day a play belongs to."


class Run:
    """What a running command needs: paths, screen, and whether to wait for others."""

    def __init__(self, no_wait: bool = False) -> None:
        self.settings: Settings = load_settings()
        self.screen = Screen()
        self.wait = not no_wait
        self.command = " ".join(["spotiflow", *command_words(sys.argv[1:])])


def writer(run: Run) -> AbstractContextManager[None]:
    """Hold the warehouse's lock: one command at a time writes."""
    from spotiflow.locks import only_one

    return only_one(run.settings.warehouse, run.command, run.wait, run.screen.note)


def zone_of(account: str, zone: str | None, known: Account | None) -> str:
    """The time zone given, else the one stored; the first load of an account needs one."""
    found = zone or (known.timezone if known else None)
    if found is None:
        usage("--timezone", f"'{account}' is new here: give its time zone, e.g. --timezone Europe/London.")
    return found


def load_own(
    run: Run,
    title: str,
    user_id: str | None,
    load: Callable[[Path, Callable[[str], None], Account | None], LoadReport],
    account_and_zone: tuple[str, str | None] | None = None,
    every_row: bool = False,
) -> None:
    """Load somebody's own listening or features: under the lock, never into the sample, with a summary.

    `every_row`: as for `conclude`.
    """
    from spotiflow.cli import loading
    from spotiflow.locks import connect, wait_for_database
    from spotiflow.warehouse import Kind, accounts

    settings, screen = run.settings, run.screen
    with writer(run):
        wait_for_database(settings.warehouse, run.wait, screen.note)
        kind: Kind = loading.held(settings, run.wait, screen.note)
        known = None
        if kind is Kind.REAL and user_id is not None:
            with connect(settings.warehouse, read_only=True) as connection:
                known = next((account for account in accounts(connection) if account.user_id == user_id), None)
        if account_and_zone is not None:
            account, zone = account_and_zone
            zone_of(account, zone, known)  # before anything is begun
            if known and zone and known.timezone != zone:
                screen.note(f"The time zone of '{account}' changes from {known.timezone} to {zone}, for all its plays.")
        with screen.step(title) as step:
            report, replaced = loading.load_own(settings, lambda warehouse: load(warehouse, step.at, known), kind)
            step.result = f"{report.rows_loaded:,} rows"
            if report.problems and not report.rows_loaded:
                step.verdict = "failed"
        if replaced:
            screen.say("The sample listeners were removed: this warehouse now holds only your own listening.")
        elif kind is Kind.SAMPLE:
            screen.say("No row could be loaded, so the sample listeners were kept.")
    conclude(run, report, every_row)


def conclude(run: Run, report: LoadReport, every_row: bool = False) -> None:
    """Summarise a load and leave with its exit code: 1 if nothing was loaded, 3 if something was not.

    `every_row`: rejected rows count as not loaded. (Spotify's own exports contain impossible rows, which users cannot
    fix.)
    """
    from spotiflow.cli.loading import summarise

    summarise(run.screen, report)
    if report.problems and not report.rows_loaded:
        raise typer.Exit(1)
    run.screen.say()
    run.screen.say("Next: spotiflow refresh")
    if report.problems or (every_row and report.rows_rejected):
        raise typer.Exit(3)


def checked(option: str, check: Callable[[_T], _R], value: _T) -> _R:
    """`check(value)`; if it raises ValueError, `option` was used wrongly."""
    try:
        return check(value)
    except ValueError as error:
        usage(option, str(error))


def usage(option: str, message: str) -> NoReturn:
    """Leave with exit code 2."""
    raise typer.BadParameter(message, param_hint=option)
