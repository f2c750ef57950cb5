"""The `spotiflow` command. Heavy imports (dbt, dlt, DuckDB) wait until a command needs them."""

from __future__ import annotations

import inspect
import os
import re
import sys
import traceback
from datetime import datetime
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from spotiflow import signals
from spotiflow.cli.commands import accounts, build, contracts, doctor, forget, live, load, show
from spotiflow.console import CommandError, Screen
from spotiflow.settings import VARIABLES, load_settings, shown


class _InOrder(TyperGroup):
    """Commands in the order in which people use them."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names for --help."""
        daily = ["login", "accounts", "load", "refresh", "follow", "status", "serve"]
        return [*daily, "site", "publish", "diff", "contracts", "doctor", "forget"]


app = typer.Typer(
    name="spotiflow",
    cls=_InOrder,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Turn Spotify listening into two dashboards that people can trust.\n\n"
    "Load listening, then run refresh: it builds and tests everything, publishes it and builds the site.",
    epilog="[bold]Examples[/bold]\n\n"
    "spotiflow load sample && spotiflow refresh && spotiflow serve\n\n"
    "spotiflow load export my_spotify_data.zip --account me --timezone Europe/London\n\n"
    "[bold]Environment variables[/bold]\n\n"
    + "\n\n".join(f"{name}  {meaning}" for name, meaning in VARIABLES.items())
    + "\n\n[bold]Exit codes[/bold]\n\n"
    + "0 done; 1 failed; 2 wrong usage; 3 done, but some input could not be read or some service did not answer",
)
app.add_typer(load.app, name="load")
accounts.register(app)
build.register(app)
live.register(app)
show.register(app)
forget.register(app)
doctor.register(app)
app.add_typer(contracts.app, name="contracts")
for group in (app, load.app, contracts.app):
    for command in group.registered_commands:
        # Paragraphs, wrapped at the terminal's width rather than where the docstring is.
        command.help = re.sub(r"(?<!\n)\n(?!\n)", " ", inspect.getdoc(command.callback) or "")

Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an unexpected error.")]

_debug = False


def _version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        typer.echo(f"spotiflow {version('spotiflow')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    debug: Debug = False,
    in_sandbox: Annotated[
        bool,
        typer.Option(
            "--sandbox",
            help="Try it without an account: Spotify and ReccoBeats are simulated, and data goes to data/sandbox/.",
        ),
    ] = False,
) -> None:
    """Options before the command."""
    global _debug
    _debug = debug or os.environ.get("SPOTIFLOW_DEBUG", "") not in ("", "0")
    if in_sandbox:
        from spotiflow.demo import stand_ins

        now = stand_ins.enter()
        Screen().say(f"Sandbox (data/sandbox/): its clock says {now:%a %d %b %Y, %H:%M} UTC.", style="dim")


def main() -> None:
    """Entry point of the console command: no traceback reaches people unless they ask for it."""
    global _debug
    arguments = sys.argv[1:]
    # --debug may stand anywhere, also behind the command.
    if "--debug" in arguments:
        _debug = True
        sys.argv = [sys.argv[0], *(argument for argument in arguments if argument != "--debug")]
        os.environ["SPOTIFLOW_DEBUG"] = "1"
    signals.install()
    try:
        app()
    except CommandError as error:
        Screen().error(str(error))
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of our output has seen enough (`| head`).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:  # the last net
        sys.exit(_unexpected(error))


def _unexpected(error: Exception) -> int:
    from extract.report import LoadError

    screen = Screen()
    if isinstance(error, LoadError):
        screen.error(str(error))
        if _debug:
            traceback.print_exception(error)
        return 1
    log = load_settings().logs / f"error-{datetime.now():%Y%m%d-%H%M%S}.log"
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("".join(traceback.format_exception(error)))
        where = f"Details are in {shown(log)}; --debug shows them here."
    except OSError:
        where = "--debug shows the details."
    first = (str(error).strip().splitlines() or [""])[0][:300]
    screen.error(f"An unexpected error occurred ({type(error).__name__}: {first}).\n{where}")
    if _debug:
        traceback.print_exception(error)
    return 1
