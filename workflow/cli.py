"""The `spotiflow` command. Heavy imports (dbt, dlt, DuckDB) wait until a command needs them."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer
from typer.core import TyperGroup

from workflow import checks, stopping
from workflow.console import CommandError, Screen
from workflow.settings import VARIABLES, Settings, load_settings, shown
from workflow.words import count

if TYPE_CHECKING:
    from extract.report import LoadReport
    from workflow.contracts import Comparison, Contracts
    from workflow.warehouse import Account, Kind

_T = TypeVar("_T")
_R = TypeVar("_R")


class _InOrder(TyperGroup):
    """Commands in the order in which they are used, not in that of the file."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names for --help."""
        return ["load", "refresh", "status", "serve", "site", "publish", "diff", "contracts"]


app = typer.Typer(
    name="spotiflow",
    cls=_InOrder,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Spotify listening as two dashboards that people trust.\n\n"
    "Load listening, then refresh: that builds and tests everything, publishes it and builds the site.",
    epilog="[bold]Examples[/bold]\n\n"
    "spotiflow load sample && spotiflow refresh && spotiflow serve\n\n"
    "spotiflow load export my_spotify_data.zip --account me --timezone Europe/London\n\n"
    "[bold]Environment variables[/bold]\n\n"
    + "\n\n".join(f"{name}  {meaning}" for name, meaning in VARIABLES.items())
    + "\n\n[bold]Exit codes[/bold]\n\n"
    + "0 done; 1 could not be done; 2 wrong usage; 3 done, but some input could not be read",
)
load_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Bring listening or audio features into the warehouse. Loading the same thing twice changes nothing.",
)
app.add_typer(load_app, name="load")
contracts_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="What others may build on: the published tables' columns and types, frozen at each release.",
)
app.add_typer(contracts_app, name="contracts")

NoWait = Annotated[
    bool, typer.Option("--no-wait", help="Fail at once if another command is at work, instead of waiting for it.")
]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an unexpected error.")]
AccountLabel = Annotated[
    str,
    typer.Option(
        "--account", metavar="LABEL", help="What you call this account here, e.g. 'me'. Never leaves this machine."
    ),
]
_ZONE_HELP = "Where the account holder lives, as an IANA name, e.g. Europe/London: decides which day a play belongs to."


class _Run:
    """What a running command needs: paths, screen, and whether to wait for others."""

    def __init__(self, no_wait: bool = False) -> None:
        self.settings: Settings = load_settings()
        self.screen = Screen()
        self.wait = not no_wait
        self.command = " ".join(["spotiflow", *sys.argv[1:]])


_debug = False


def _version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        typer.echo(f"spotiflow {version('spotiflow')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and leave.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Options before the command."""
    global _debug
    _debug = debug or os.environ.get("SPOTIFLOW_DEBUG", "") not in ("", "0")


# --- load ----------------------------------------------------------------------------------------------------


@load_app.command(
    "sample",
    epilog="[bold]Example[/bold]  spotiflow load sample && spotiflow refresh",
)
def load_sample_command(
    if_empty: Annotated[
        bool, typer.Option("--if-empty", help="Only when nothing is loaded yet; else leave everything as it is.")
    ] = False,
    no_wait: NoWait = False,
) -> None:
    """Load 45 fictional listeners with 26 weeks of listening.

    They enter through the same readers as real listening. They never share a warehouse with it.
    """
    from workflow import loading
    from workflow.warehouse import Kind

    run = _Run(no_wait)
    screen, settings = run.screen, run.settings
    with _writer(run):
        kind = loading.held(settings, run.wait, screen.note)
        if kind is Kind.REAL and if_empty:
            screen.say(
                f"{shown(settings.warehouse)} holds your own listening: it stays as it is, and no sample is loaded."
            )
            return
        if kind is Kind.SAMPLE and if_empty:
            screen.say(f"{shown(settings.warehouse)} holds the sample already: nothing to load.")
            return
        if kind is Kind.REAL:
            raise CommandError(loading.sample_elsewhere(settings))
        from extract.sample import load_sample

        with screen.step("Load the sample listeners") as step:
            report = loading.load_sample(
                settings, lambda warehouse: load_sample(warehouse, settings.sample_folder, progress=step.at)
            )
            step.result = f"{report.rows_loaded:,} rows"
    _conclude(run, report)


@load_app.command(
    "export",
    epilog="[bold]Examples[/bold]\n\n"
    "spotiflow load export my_spotify_data.zip --account me --timezone Europe/London\n\n"
    "spotiflow load export ~/Downloads/MyData endsong_0.json --account me --timezone Asia/Tokyo --display-name Kim",
)
def load_export_command(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH", help="The ZIP from Spotify, its folder, or single JSON files.")
    ],
    account: AccountLabel,
    timezone: Annotated[str | None, typer.Option("--timezone", metavar="ZONE", help=_ZONE_HELP)] = None,
    display_name: Annotated[
        str | None, typer.Option("--display-name", metavar="NAME", help="The name to show on the site, if any.")
    ] = None,
    no_wait: NoWait = False,
) -> None:
    """Load a Spotify privacy export: the extended streaming history.

    Ask for it at spotify.com/account/privacy. IP addresses, user names and devices never leave the files.
    The time zone is needed the first time an account is loaded.
    """
    _checked("--account", checks.label, account)
    if timezone is not None:
        _checked("--timezone", checks.timezone, timezone)
    chosen_name = _checked("--display-name", checks.display_name, display_name) if display_name is not None else None
    paths = _checked("PATH", checks.export_paths, paths)

    from extract.pseudonyms import user_id_for
    from extract.spotify_export import ExportSource, load_exports

    run = _Run(no_wait)
    user_id = user_id_for(account, run.settings.home)

    def load(warehouse: Path, progress: Callable[[str], None], known: Account | None) -> LoadReport:
        zone = _zone(account, timezone, known)
        name = chosen_name or (known.display_name if known else None)
        return load_exports(warehouse, [ExportSource(user_id, paths, zone, name)], progress=progress)

    _load_own(run, f"Load {account}'s export", user_id, load, (account, timezone))


@load_app.command(
    "features",
    epilog="[bold]Example[/bold]  spotiflow load features track_features.csv",
)
def load_features_command(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A CSV or Parquet file.")],
    no_wait: NoWait = False,
) -> None:
    """Load a catalogue of tracks with their audio features.

    Needed columns: track_id, danceability, energy, liveness, acousticness, instrumentalness, speechiness,
    valence (0 to 1). Used when there: track_name, artist_name, album_name, duration_ms, isrc, tempo, loudness.
    """
    path = _checked("PATH", checks.catalogue_path, path)
    from extract.audio_features import load_catalogue

    def load(warehouse: Path, progress: Callable[[str], None], _: Account | None) -> LoadReport:
        return load_catalogue(warehouse, path, progress=progress)

    _load_own(_Run(no_wait), f"Load audio features from {path.name}", None, load)


@load_app.command(
    "api",
    epilog="[bold]Example[/bold]  spotiflow load api --account me",
)
def load_api_command(
    account: AccountLabel,
    timezone: Annotated[str | None, typer.Option("--timezone", metavar="ZONE", help=_ZONE_HELP)] = None,
    no_wait: NoWait = False,
) -> None:
    """Load the last 50 plays of an account from Spotify's Web API, with its cached login."""
    _checked("--account", checks.label, account)
    if timezone is not None:
        _checked("--timezone", checks.timezone, timezone)

    from extract.pseudonyms import user_id_for
    from extract.spotify_api import cached_client, load_recently_played

    run = _Run(no_wait)
    user_id = user_id_for(account, run.settings.home)

    def load(warehouse: Path, progress: Callable[[str], None], known: Account | None) -> LoadReport:
        client = cached_client(user_id, run.settings.home)
        return load_recently_played(warehouse, user_id, client, _zone(account, timezone, known), progress=progress)

    _load_own(run, f"Load {account}'s newest plays from Spotify", user_id, load, (account, timezone))


# --- build, publish, show ------------------------------------------------------------------------------------


@app.command("refresh")
def refresh_command(
    force: Annotated[bool, typer.Option("--force", help="Build everything, even if nothing changed.")] = False,
    no_site: Annotated[bool, typer.Option("--no-site", help="Publish the data, but leave the site as it is.")] = False,
    no_wait: NoWait = False,
) -> None:
    """Build and test everything, publish it and build the site.

    Nothing is published unless every test passed: a failed refresh leaves the site as it was.
    """
    from workflow.refresh import Refresh

    run = _Run(no_wait)
    code = Refresh(run.settings, run.screen, run.command, wait=run.wait, force=force, with_site=not no_site).run()
    raise typer.Exit(code)


@app.command("publish")
def publish_command(no_wait: NoWait = False) -> None:
    """Publish what was built, if everything behind it passed its tests; the site is left as it is.

    `spotiflow refresh` does this too. Alone it is for those who run dbt themselves.
    """
    from workflow.publish import publish
    from workflow.refresh import require_listening

    run = _Run(no_wait)
    with _writer(run):
        require_listening(run.settings)
        from workflow.dbt_runner import Dbt

        dbt = Dbt(run.settings)
        with run.screen.step("Publish") as step:
            step.at("Reading models and tests")
            result = publish(run.settings, dbt.parse(), step.at, run.wait)
            step.result = result.in_short
    run.screen.say(f"Published: {shown(run.settings.published)}. Next: spotiflow site")


@app.command("site")
def site_command(no_wait: NoWait = False) -> None:
    """Build the site again from what is published, without touching the data."""
    from workflow.refresh import build_site

    run = _Run(no_wait)
    build_site(run.settings, run.screen, run.command, run.wait)
    run.screen.say(f"The site is ready: {shown(run.settings.site / 'index.html')}")


@app.command("status")
def status_command() -> None:
    """Show what is loaded, what is published and what the site shows."""
    from workflow.status import show

    run = _Run()
    show(run.settings, run.screen)


@app.command("serve")
def serve_command(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes any free one.")] = 3000,
) -> None:
    """Show the site in a browser, on this machine only."""
    run = _Run()
    site = run.settings.site
    if not (site / "index.html").is_file():
        raise CommandError(f"There is no site in {shown(site)} yet. Run `spotiflow refresh`.")
    from workflow.serve import serve

    try:
        serve(site, port, lambda url: run.screen.say(f"The site is at {url}  (Ctrl+C ends this)"))
    except OSError as error:
        raise CommandError(f"Port {port} is taken. Try another: spotiflow serve --port {port + 1}") from error


@app.command(
    "diff",
    epilog="[bold]Example[/bold]  cp data/published.duckdb data/before.duckdb, change a definition, "
    "spotiflow refresh, spotiflow diff data/before.duckdb",
)
def diff_command(
    before: Annotated[Path, typer.Argument(metavar="FILE", help="A copy of an earlier published file.")],
) -> None:
    """Show which tables and columns differ between an earlier published file and the present one."""
    import duckdb

    from workflow import differences

    run = _Run()
    for path, remedy in ((before, "Check the path."), (run.settings.published, "Run `spotiflow refresh`.")):
        if not path.is_file():
            raise CommandError(f"There is no file {shown(path)}. {remedy}")
    try:
        found = differences.compare(before.absolute(), run.settings.published, differences.keys(run.settings.root))
    except duckdb.Error as error:
        raise CommandError(f"The files cannot be compared: {str(error).splitlines()[0]}") from error
    for line in found.lines:
        run.screen.say(line)
    run.screen.say(f"{count(found.same, 'table is', 'tables are')} the same.")


# --- contracts -----------------------------------------------------------------------------------------------


@contracts_app.command(
    "check",
    epilog="[bold]Example[/bold]  spotiflow contracts check",
)
def contracts_check_command() -> None:
    """Hold the published tables' columns and types against those of the last release."""
    from workflow import contracts
    from workflow.dbt_runner import Dbt

    run = _Run()
    frozen, found = contracts.check(run.settings, Dbt(run.settings).parse(), datetime.now().date())
    run.screen.say(f"All that release {frozen.release} promised is there: {_promises(frozen)}.")
    _say_changes(run.screen, found)


@contracts_app.command(
    "freeze",
    epilog="[bold]Example[/bold]  spotiflow contracts freeze",
)
def contracts_freeze_command() -> None:
    """Promise the columns and types as they are now: a step of every release."""
    from workflow import contracts
    from workflow.dbt_runner import Dbt

    run = _Run()
    frozen, found = contracts.freeze(run.settings, Dbt(run.settings).parse(), datetime.now().date())
    where = shown(contracts.contracts_file(run.settings))
    run.screen.say(f"{where} now promises, with release {frozen.release}: {_promises(frozen)}.")
    _say_changes(run.screen, found, "New in it")


def _promises(frozen: Contracts) -> str:
    columns = sum(len(table.columns) for table in frozen.tables.values())
    return f"{count(len(frozen.tables), 'table')}, {count(columns, 'column')}"


def _say_changes(screen: Screen, found: Comparison, new: str = "Not frozen yet, so nobody should build on it") -> None:
    for title, names in ((new, found.not_frozen), ("Gone, as announced", found.retired)):
        if names:
            screen.say(f"{title}:")
            for line in _by_table(names):
                screen.say(f"  {line}")


def _by_table(names: list[str]) -> list[str]:
    """One line a table, with its columns when only some of them are meant."""
    tables: dict[str, list[str]] = {}
    for name in names:
        table, _, column = name.rpartition(".")
        is_version = column[:1] == "v" and column[1:].isdigit()
        tables.setdefault(table if table and not is_version else name, []).extend(
            [column] if table and not is_version else []
        )
    return [f"{table}: {', '.join(columns)}" if columns else table for table, columns in tables.items()]


# --- helpers -------------------------------------------------------------------------------------------------


def _writer(run: _Run):  # type: ignore[no-untyped-def]
    from workflow.locks import only_one

    return only_one(run.settings.warehouse, run.command, run.wait, run.screen.note)


def _zone(account: str, zone: str | None, known: Account | None) -> str:
    found = zone or (known.timezone if known else None)
    if found is None:
        _usage("--timezone", f"'{account}' is new here: say where its holder lives, e.g. --timezone Europe/London.")
    return found


def _load_own(
    run: _Run,
    title: str,
    user_id: str | None,
    load: Callable[[Path, Callable[[str], None], Account | None], LoadReport],
    account_and_zone: tuple[str, str | None] | None = None,
) -> None:
    from workflow import loading
    from workflow.locks import connect, wait_for_database
    from workflow.warehouse import Kind, accounts

    settings, screen = run.settings, run.screen
    with _writer(run):
        wait_for_database(settings.warehouse, run.wait, screen.note)
        kind: Kind = loading.held(settings, run.wait, screen.note)
        known = None
        if kind is Kind.REAL and user_id is not None:
            with connect(settings.warehouse, read_only=True) as connection:
                known = next((account for account in accounts(connection) if account.user_id == user_id), None)
        if account_and_zone is not None:
            account, zone = account_and_zone
            _zone(account, zone, known)  # before anything is begun
            if known and zone and known.timezone != zone:
                screen.note(f"The time zone of '{account}' changes from {known.timezone} to {zone}, for all its plays.")
        with screen.step(title) as step:
            report, replaced = loading.load_own(settings, lambda warehouse: load(warehouse, step.at, known), kind)
            step.result = f"{report.rows_loaded:,} rows"
            if report.problems and not report.rows_loaded:
                step.verdict = "failed"
        if replaced:
            screen.say("The sample listeners made room: this warehouse now holds only what you load yourself.")
        elif kind is Kind.SAMPLE:
            screen.say("No row could be loaded, so the sample listeners stay where they are.")
    _conclude(run, report)


def _conclude(run: _Run, report: LoadReport) -> None:
    from workflow.loading import summarise

    summarise(run.screen, report)
    if report.problems and not report.rows_loaded:
        raise typer.Exit(1)
    run.screen.say()
    run.screen.say("Next: spotiflow refresh")
    if report.problems:
        raise typer.Exit(3)


def _checked(option: str, check: Callable[[_T], _R], value: _T) -> _R:
    try:
        return check(value)
    except ValueError as error:
        _usage(option, str(error))


def _usage(option: str, message: str) -> NoReturn:
    raise typer.BadParameter(message, param_hint=option)


def main() -> None:
    """Entry point of the console command: no traceback reaches people unless they ask for it."""
    global _debug
    arguments = sys.argv[1:]
    # --debug may stand anywhere, also behind the command.
    if "--debug" in arguments:
        _debug = True
        sys.argv = [sys.argv[0], *(argument for argument in arguments if argument != "--debug")]
        os.environ["SPOTIFLOW_DEBUG"] = "1"
    stopping.install()
    try:
        app()
    except CommandError as error:
        Screen().error(str(error))
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # Whoever read our output has seen enough (`| head`).
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
        where = f"The details are in {shown(log)}; --debug shows them here."
    except OSError:
        where = "--debug shows the details."
    first = (str(error).strip().splitlines() or [""])[0][:300]
    screen.error(f"Something unexpected happened ({type(error).__name__}: {first}).\n{where}")
    if _debug:
        traceback.print_exception(error)
    return 1
