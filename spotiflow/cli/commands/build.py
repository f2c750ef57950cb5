"""`spotiflow refresh`, `publish`, `site`: from what is loaded to what people look at."""

from __future__ import annotations

from typing import Annotated

import typer

from spotiflow.cli import checks
from spotiflow.cli.commands.common import NoWait, Run, checked, writer
from spotiflow.settings import shown


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(
        "refresh",
        epilog="[bold]Examples[/bold]\n\nspotiflow refresh\n\nspotiflow refresh --only me && spotiflow serve --only me",
    )(refresh_command)
    app.command("publish")(publish_command)
    app.command("site")(site_command)


def refresh_command(
    force: Annotated[bool, typer.Option("--force", help="Build everything, even if nothing changed.")] = False,
    no_site: Annotated[bool, typer.Option("--no-site", help="Publish the data, but do not rebuild the site.")] = False,
    only: Annotated[
        str | None,
        typer.Option("--only", metavar="LABEL", help="Make a personal site from this account's listening alone."),
    ] = None,
    no_wait: NoWait = False,
) -> None:
    """Build and test everything, publish it and make the site.

    Nothing is published unless every test passes: a failed refresh leaves the site as it was.

    With --only, everything is made from that account's rows alone, in data/only/: no file there contains other people's
    rows, or numbers that depend on them. No service is asked, and the main site stays as it is.
    """
    run = Run(no_wait)
    if only is not None:
        checked("--only", checks.label, only)
        from spotiflow.cli.personal import PersonalRefresh

        raise typer.Exit(
            PersonalRefresh(
                *(run.settings, run.screen, run.command, only),
                wait=run.wait,
                force=force,
                with_site=not no_site,
            ).run()
        )
    from spotiflow.cli.refresh import Refresh

    code = Refresh(run.settings, run.screen, run.command, wait=run.wait, force=force, with_site=not no_site).run()
    raise typer.Exit(code)


def publish_command(no_wait: NoWait = False) -> None:
    """Publish what the last build made, if it was complete and passed its tests. Does not rebuild the site.

    `spotiflow refresh` includes this step. Use it alone after running `dbt build` yourself.
    """
    from spotiflow.cli.refresh import require_listening
    from spotiflow.publish.publish import publish

    run = Run(no_wait)
    with writer(run):
        require_listening(run.settings)
        from spotiflow.dbt_runner import Dbt

        dbt = Dbt(run.settings)
        with run.screen.step("Publish") as step:
            step.at("Reading models and tests")
            result = publish(run.settings, dbt.parse(), step.at, run.wait)
            step.result = result.in_short
    run.screen.say(f"Published: {shown(run.settings.published)}. Next: spotiflow site")


def site_command(no_wait: NoWait = False) -> None:
    """Rebuild the site from the published data."""
    from spotiflow.cli.refresh import build_site

    run = Run(no_wait)
    build_site(run.settings, run.screen, run.command, run.wait)
    run.screen.say(f"The site is ready: {shown(run.settings.site / 'index.html')}")
