"""`spotiflow follow`: the live mode."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from spotiflow.cli.commands.common import Run, checked

_UNITS = {"s": 1, "m": 60, "h": 3600}


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("follow", epilog="[bold]Example[/bold]  spotiflow follow --every 15m")(follow_command)


def interval(text: str) -> float:
    """`15m`, `90s`, `1h` in seconds. Raises ValueError."""
    found = re.fullmatch(r"(\d{1,5}(?:\.\d+)?)([smh])", text.strip().lower())
    if not found or not float(found[1]):
        raise ValueError(f"'{text}' is not an interval. Write for example 15m, 90s or 1h.")
    return float(found[1]) * _UNITS[found[2]]


def follow_command(
    every: Annotated[
        str, typer.Option("--every", metavar="TIME", help="How often to ask Spotify, e.g. 15m, 90s or 1h.")
    ] = "15m",
    no_site: Annotated[bool, typer.Option("--no-site", help="Publish the data, but do not rebuild the site.")] = False,
    polls: Annotated[int, typer.Option("--polls", min=0, hidden=True, help="End after so many; 0: never.")] = 0,
) -> None:
    """Keep everything up to date: ask Spotify at intervals, then build, test and publish what is new.

    It prints one line per round, and keeps going when a round fails. Ctrl+C or SIGTERM stops it after the current step.
    """
    seconds = checked("--every", interval, every)
    from spotiflow.cli.follow import Follow

    run = Run()
    Follow(run.settings, run.screen, run.command, seconds, with_site=not no_site, polls=polls).run()
