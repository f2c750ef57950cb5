"""`spotiflow contracts ...`: what others may build on."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import typer

from spotiflow.cli.commands.common import Run
from spotiflow.console import Screen
from spotiflow.formatting import count
from spotiflow.settings import shown

if TYPE_CHECKING:
    from spotiflow.publish.contracts import Comparison, Contracts

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Check or freeze what others may build on: the columns and types of the published tables.",
)


@app.command(
    "check",
    epilog="[bold]Example[/bold]  spotiflow contracts check",
)
def contracts_check_command() -> None:
    """Compare the published tables' columns and types with the last release, and the site's types with them."""
    from spotiflow.dbt_runner import Dbt
    from spotiflow.publish import contracts, page_types

    run = Run()
    manifest = Dbt(run.settings).parse()
    frozen, found = contracts.check(run.settings, manifest, datetime.now().date())
    page_types.check(run.settings, manifest)
    run.screen.say(f"Everything that release {frozen.release} promised is still there: {_promises(frozen)}.")
    _say_changes(run.screen, found)


@app.command(
    "freeze",
    epilog="[bold]Example[/bold]  spotiflow contracts freeze",
)
def contracts_freeze_command() -> None:
    """Record the current columns and types as promises: part of every release."""
    from spotiflow.dbt_runner import Dbt
    from spotiflow.publish import contracts

    run = Run()
    frozen, found = contracts.freeze(run.settings, Dbt(run.settings).parse(), datetime.now().date())
    where = shown(contracts.contracts_file(run.settings))
    run.screen.say(f"{where} now holds the promises of release {frozen.release}: {_promises(frozen)}.")
    _say_changes(run.screen, found, "New")


@app.command(
    "types",
    epilog="[bold]Example[/bold]  spotiflow contracts types",
)
def contracts_types_command() -> None:
    """Write the TypeScript types of the rows that the site's pages receive."""
    from spotiflow.dbt_runner import Dbt
    from spotiflow.publish import page_types

    run = Run()
    for path in page_types.write(run.settings, Dbt(run.settings).parse()):
        run.screen.say(f"Wrote {shown(path)}.")


def _promises(frozen: Contracts) -> str:
    columns = sum(len(table.columns) for table in frozen.tables.values())
    return f"{count(len(frozen.tables), 'table')}, {count(columns, 'column')}"


def _say_changes(screen: Screen, found: Comparison, new: str = "New, and not promised yet") -> None:
    for title, names in ((new, found.not_frozen), ("Gone, as announced", found.retired)):
        if names:
            screen.say(f"{title}:")
            for line in _by_table(names):
                screen.say(f"  {line}")


def _by_table(names: list[str]) -> list[str]:
    """One line per table, with its columns if only some of them are meant."""
    tables: dict[str, list[str]] = {}
    for name in names:
        table, _, column = name.rpartition(".")
        is_version = column[:1] == "v" and column[1:].isdigit()
        tables.setdefault(table if table and not is_version else name, []).extend(
            [column] if table and not is_version else []
        )
    return [f"{table}: {', '.join(columns)}" if columns else table for table, columns in tables.items()]
