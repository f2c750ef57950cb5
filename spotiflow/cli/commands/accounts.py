"""`spotiflow login` and `accounts`: who lets this machine read their listening, and for how long."""

from __future__ import annotations

import os
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from spotiflow.cli import checks
from spotiflow.cli.commands.common import ZONE_HELP, AccountLabel, Run, checked, usage
from spotiflow.demo import stand_ins
from spotiflow.formatting import ago, columns, count

if TYPE_CHECKING:
    from spotiflow.settings import Settings
    from spotiflow.warehouse import Account


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(
        "login",
        epilog="[bold]Example[/bold]  spotiflow login --account me --client-id ID --timezone Europe/London",
    )(login_command)
    app.command("accounts", epilog="[bold]Example[/bold]  spotiflow accounts")(accounts_command)


def login_command(
    account: AccountLabel,
    client_id: Annotated[
        str | None,
        typer.Option(
            "--client-id",
            metavar="ID",
            help="Your Spotify app's client id, from developer.spotify.com/dashboard; needed the first time.",
        ),
    ] = None,
    timezone: Annotated[str | None, typer.Option("--timezone", metavar="ZONE", help=ZONE_HELP)] = None,
    display_name: Annotated[
        str | None,
        typer.Option("--display-name", metavar="NAME", help="The name that the site shows for this account."),
    ] = None,
    port: Annotated[
        int, typer.Option("--port", min=1024, max=65535, help="The port in your app's redirect URI.")
    ] = 8888,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=1, help="How long to wait for you to log in.")
    ] = 300,
) -> None:
    """Let SpotiFlow read an account's recently played and saved tracks.

    First register http://127.0.0.1:8888/callback as a redirect URI of your app. Over SSH, open the address on your own
    machine, then paste the final address from the browser. A login is valid for six months.
    """
    checked("--account", checks.label, account)
    if timezone is not None:
        checked("--timezone", checks.timezone, timezone)
    name = checked("--display-name", checks.display_name, display_name) if display_name is not None else None

    from extract.sources.spotify_api import token_path
    from extract.sources.spotify_api.accounts import KnownAccount, known_accounts, remember_account
    from extract.sources.spotify_api.authorise import log_in, noted, store_login
    from extract.sources.spotify_api.identity import check_identity, identity_of_login
    from extract.sources.spotify_api.login import app_of
    from extract.sources.spotify_api.settings import CLIENT_ID_VARIABLE
    from spotiflow.pseudonyms import keyed_hash, user_id_for

    run = Run()
    home, screen = run.settings.home, run.screen
    user_id = user_id_for(account, home)
    before = known_accounts(home).get(user_id, KnownAccount(account))
    app_id = client_id or before.client_id or app_of(home, user_id) or os.environ.get(CLIENT_ID_VARIABLE)
    if not app_id:
        usage(
            "--client-id",
            "the client id of your Spotify app is needed once; create an app at developer.spotify.com/dashboard.",
        )
    if not (timezone or before.timezone or _stored(run.settings).get(user_id)):
        usage("--timezone", f"'{account}' is new here: give its time zone, e.g. --timezone Europe/London.")

    said = False

    def show(text: str) -> None:
        nonlocal said
        if said:
            screen.say(text)
            return
        said = True
        screen.say("Open this address in a browser and agree:")
        screen.say(f"\n  {text}\n")
        if stand_ins.is_on():
            screen.say("The simulated Spotify agrees by itself.")
            stand_ins.agree(text, account)
            return
        screen.say("If the browser runs on another machine, paste its final address here, then press Enter.")

    login = log_in(app_id, show=show, port=port, timeout=timeout)
    identity, warning = identity_of_login(login, lambda text: keyed_hash(text, home))
    if identity is not None:
        check_identity(home, user_id, before, identity)
    store_login(home, user_id, login)
    remember_account(
        home,
        user_id,
        noted(
            before,
            label=account,
            client_id=app_id,
            spotify_account=identity or before.spotify_account,
            timezone=timezone or before.timezone,
            display_name=name or before.display_name,
        ),
    )
    screen.say(f"'{account}' is logged in; the login is in {token_path(user_id, home).parent} and ends in six months.")
    if warning:
        screen.say(f"Note: {warning}")
    screen.say("Next: spotiflow load api")


def accounts_command() -> None:
    """Show which accounts have logged in, until when, and how fresh their listening is."""
    from extract.http import utc_now
    from extract.sources.spotify_api.accounts import accounts_with_login
    from spotiflow.cli.polling import warnings

    run = Run()
    known, now = accounts_with_login(run.settings.home), utc_now()
    if not known:
        run.screen.say("No account has logged in yet. Log in: spotiflow login --account LABEL")
        return
    stored, polls = _stored(run.settings), _last_polls(run.settings)
    rows = [["account", "time zone", "logged in", "login ends", "last poll", "newest play"]]
    for user_id, account in known.items():
        ends, person, poll = account.login_ends_at, stored.get(user_id), polls.get(user_id)
        left = (ends - now).days if ends else 0
        rows.append(
            [
                account.label,
                (person.timezone if person else None) or account.timezone or "not known",
                ago(account.logged_in_at, now) if account.logged_in_at else "not known",
                "not known" if ends is None else f"in {count(left, 'day')}" if ends > now else "has ended",
                f"{ago(poll[0], now)} ({poll[1]})" if poll else "never",
                ago(person.last_played_at, now) if person and person.last_played_at else "none",
            ]
        )
    for line in columns(rows, indent=""):
        run.screen.say(line)
    for sentence in warnings(known.values(), now):
        run.screen.say(sentence)


def _stored(settings: Settings) -> dict[str, Account]:
    """Accounts of the warehouse; none while another program has it open."""
    from spotiflow import warehouse
    from spotiflow.locks import connect

    if not settings.warehouse.exists():
        return {}
    with connect(settings.warehouse, read_only=True) as connection:
        return {account.user_id: account for account in warehouse.accounts(connection)}


def _last_polls(settings: Settings) -> dict[str, tuple[datetime, str]]:
    from extract.raw.schema import DATASET, tables_of
    from spotiflow.locks import connect

    if not settings.warehouse.exists():
        return {}
    with connect(settings.warehouse, read_only=True) as connection:
        if "poll_log" not in tables_of(connection):
            return {}
        rows = connection.execute(
            f"select user_id, max(requested_at), arg_max(outcome, requested_at) from {DATASET}.poll_log "
            "where endpoint = 'me/player/recently-played' group by user_id"
        ).fetchall()
    return {user_id: (requested_at, outcome) for user_id, requested_at, outcome in rows}
