"""`spotiflow forget`: take an account out of everything, and prove it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from spotiflow.cli import checks
from spotiflow.cli.commands.common import AccountLabel, NoWait, Run, checked, writer
from spotiflow.console import CommandError
from spotiflow.formatting import columns, count, size
from spotiflow.settings import shown

if TYPE_CHECKING:
    from spotiflow.privacy.forget import ForgetPlan
    from spotiflow.privacy.proof import Proof


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("forget", epilog="[bold]Example[/bold]  spotiflow forget --account me")(forget_command)


def forget_command(
    account: AccountLabel,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    no_site: Annotated[
        bool, typer.Option("--no-site", help="Remove the current site and do not build it again.")
    ] = False,
    no_wait: NoWait = False,
) -> None:
    """Remove an account: its listening, its login, its own site, and every trace in what was built and published.

    The warehouse is rewritten without it, everything is built again, and finally all remaining files are searched for
    the account. This cannot be undone, but you can load the export again.
    """
    checked("--account", checks.label, account)
    from extract.raw.loader import finish as load_waiting
    from spotiflow.cli.refresh import Refresh
    from spotiflow.locks import only_one, wait_for_database
    from spotiflow.privacy import forget
    from spotiflow.privacy.personal_site import folder_of_all
    from spotiflow.pseudonyms import KEY_FILE, user_id_for
    from spotiflow.publish import site

    run = Run(no_wait)
    settings, screen = run.settings, run.screen
    if not (settings.home / KEY_FILE).exists():
        raise CommandError(f"No account was ever loaded here: {shown(settings.home / KEY_FILE)} does not exist.")
    user_id = user_id_for(account, settings.home)

    # The same order of locks as for a personal site.
    with only_one(folder_of_all(settings), run.command, run.wait, screen.note), writer(run):
        wait_for_database(settings.warehouse, run.wait, screen.note)
        # Answers that wait on disk would come back with the next load.
        load_waiting(settings.warehouse, screen.note)
        planned = forget.plan(settings, user_id, run.wait, screen.note)
        if planned.is_empty:
            raise CommandError(
                f"No account called '{account}' is known. Labels must match exactly; "
                "`spotiflow accounts` lists those with a login."
            )
        _announce(run, planned)
        if not yes:
            _ask()
        with screen.step("Forget the account") as step:
            forget.forget(settings, planned, step.at)
            step.at("Clearing caches")
            with only_one(site.guarded(settings), run.command, run.wait, screen.note):
                forget.clear_caches(settings)
            for path in forget.copies(settings, planned):
                path.unlink()
                screen.note(f"{shown(path)} also contained the account and was removed.")
            for name in forget.remove_personal_sites(settings, planned):
                screen.note(
                    f"The site of {name} named tracks that only this account played and was removed. "
                    "Make it again: spotiflow refresh --only LABEL"
                )
        left = _others(run)
    if left:
        code = Refresh(
            settings, screen, run.command, wait=run.wait, force=True, with_site=not no_site, ask_online=False
        ).run()
        is_shown = code != 0 or no_site
    else:
        code, is_shown = 0, True
    if is_shown:
        # What cannot be shown without the account is not shown at all.
        if code != 0 or not left:
            forget.remove_published(settings)
        else:
            forget.remove_site(settings)
        screen.say()
        screen.say(
            "No other listening is left: the published file and the site were removed."
            if not left
            else "The site was removed, because it showed the account. Build it again: spotiflow site"
            if code == 0
            else "The published file and the site were removed, because they showed the account.\n"
            "Once you have fixed the fault above: spotiflow refresh"
        )
    with screen.step("Search for traces") as step:
        proof = forget.prove(settings, planned)
        step.result = f"{count(len(proof.found), 'trace')} found"
    _show(run, planned, proof)
    if proof.found:
        raise typer.Exit(1)
    forget.finish(settings, planned)
    if code != 0:
        raise typer.Exit(1)


def _announce(run: Run, planned: ForgetPlan) -> None:
    say = run.screen.say
    if planned.is_begun:
        say("An earlier attempt to forget this account was interrupted: this one finishes it.", style="bold")
    rows = [[table, f"{number:,}"] for table, number in planned.rows.items() if number]
    say(f"To be removed permanently: {count(sum(planned.rows.values()), 'row')} of this account", style="bold")
    for line in columns(rows, right=(1,)):
        say(line)
    if planned.tracks:
        say(f"  everything known about {count(len(planned.tracks), 'track')} that only this account played")
    if planned.answers_of_others:
        say(
            f"  {count(planned.answers_of_others, 'recommendation')} of such tracks to others, "
            "with the answers they belong to"
        )
    if planned.set_aside:
        say(f"  {count(planned.set_aside, 'load')} that could not be finished and was set aside, with anybody's rows")
    if planned.has_site:
        say("  its own site, with the warehouse and the published file that it was made from")
    say(f"  {'its login' if planned.has_login else 'no login of it is stored'}")


def _ask() -> None:
    if not sys.stdin.isatty():
        raise CommandError(
            "This command asks before it removes anything, and there is no terminal to ask on. Add --yes."
        )
    if not typer.confirm("Forget this account?"):
        raise CommandError("Nothing was removed.")


def _others(run: Run) -> bool:
    """Whether anybody's plays are left."""
    from spotiflow.locks import connect
    from spotiflow.warehouse import accounts

    if not run.settings.warehouse.exists():
        return False
    with connect(run.settings.warehouse, read_only=True) as connection:
        return any(person.plays for person in accounts(connection))


def _show(run: Run, planned: ForgetPlan, proof: Proof) -> None:
    screen = run.screen
    looked = (
        f"{count(proof.values, 'text value')} in {count(proof.tables, 'table')}, "
        f"{count(proof.files, 'file')} ({size(proof.bytes)})"
    )
    if proof.found:
        screen.error(
            f"There are still traces of the account, in {looked}:\n"
            + "\n".join(f"  {place}" for place in proof.found[:20])
            + "\nRun the command again. If the traces stay, remove these files by hand."
        )
        return
    sought = "its user_id" + (f" and {count(len(planned.tracks), 'track id')}" if planned.tracks else "")
    screen.heading("The account is forgotten")
    screen.say(f"  removed: {count(sum(planned.rows.values()), 'row')}")
    screen.say(f"  searched for {sought} in {looked}: nothing found")
    screen.say("  not searched: copies outside this project, such as backups or a site that you uploaded")
