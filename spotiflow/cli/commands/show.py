"""`spotiflow status`, `serve`, `diff`: look at what there is, change nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spotiflow.cli import checks
from spotiflow.cli.commands.common import Run, checked
from spotiflow.console import CommandError
from spotiflow.formatting import count
from spotiflow.settings import shown


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("status")(status_command)
    app.command("serve")(serve_command)
    app.command(
        "diff",
        epilog="[bold]Example[/bold]\n\ncp data/published.duckdb data/before.duckdb  # then change a definition\n\n"
        "spotiflow refresh && spotiflow diff data/before.duckdb",
    )(diff_command)


def status_command() -> None:
    """Show what is loaded, what is published and what the site shows."""
    from spotiflow.cli.status import show

    run = Run()
    show(run.settings, run.screen)


def serve_command(
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port to serve on; 0 takes any free one.")
    ] = 3000,
    only: Annotated[
        str | None, typer.Option("--only", metavar="LABEL", help="Show the personal site of this account.")
    ] = None,
) -> None:
    """Show the site in a browser, on this machine only."""
    run = Run()
    settings, make = run.settings, "spotiflow refresh"
    if only is not None:
        checked("--only", checks.label, only)
        from spotiflow.cli.personal import find_site

        settings, make = find_site(settings, only), f"spotiflow refresh --only {only}"
    site = settings.site
    if not (site / "index.html").is_file():
        raise CommandError(f"There is no site in {shown(site)} yet. Run `{make}`.")
    from spotiflow.cli.serve import serve
    from spotiflow.publish.stamp import read_stamp

    stamp = read_stamp(site)
    try:
        serve(
            *(site, port, lambda url: run.screen.say(f"The site is at {url}  (stop with Ctrl+C)")),
            base_path=stamp.base_path if stamp else "",
        )
    except OSError as error:
        raise CommandError(f"Port {port} is in use. Try another: spotiflow serve --port {port + 1}") from error


def diff_command(
    before: Annotated[Path, typer.Argument(metavar="FILE", help="A copy of an earlier published file.")],
) -> None:
    """Show which tables and columns differ between an earlier published file and the current one."""
    import duckdb

    from spotiflow.publish import differences

    run = Run()
    for path, remedy in ((before, "Check the path."), (run.settings.published, "Run `spotiflow refresh`.")):
        if not path.is_file():
            raise CommandError(f"{shown(path)} does not exist. {remedy}")
    try:
        found = differences.compare(before.absolute(), run.settings.published, differences.keys(run.settings.root))
    except duckdb.Error as error:
        raise CommandError(f"The files cannot be compared: {str(error).splitlines()[0]}") from error
    for line in found.lines:
        run.screen.say(line)
    run.screen.say(f"{count(found.same, 'table is', 'tables are')} equal.")
