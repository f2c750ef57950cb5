"""`spotiflow load ...`: bring listening or audio features into the warehouse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spotiflow.cli import checks
from spotiflow.cli.commands.common import (
    ZONE_HELP,
    AccountLabel,
    NoWait,
    Run,
    checked,
    conclude,
    load_own,
    usage,
    writer,
    zone_of,
)
from spotiflow.console import CommandError
from spotiflow.formatting import count
from spotiflow.settings import shown

if TYPE_CHECKING:
    from extract.report import LoadReport
    from spotiflow.warehouse import Account

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Bring listening or audio features into the warehouse. Loading the same thing twice changes nothing.",
)


@app.command(
    "sample",
    epilog="[bold]Example[/bold]  spotiflow load sample && spotiflow refresh",
)
def load_sample_command(
    if_empty: Annotated[bool, typer.Option("--if-empty", help="Only if nothing is loaded yet.")] = False,
    no_wait: NoWait = False,
) -> None:
    """Load 45 fictional listeners with 26 weeks of listening.

    They are loaded by the same readers as real listening, with feedback and with recommenders of known quality. They
    never share a warehouse with real listening.
    """
    from spotiflow.cli import loading
    from spotiflow.warehouse import Kind

    run = Run(no_wait)
    screen, settings = run.screen, run.settings
    with writer(run):
        kind = loading.held(settings, run.wait, screen.note)
        if kind is Kind.REAL and if_empty:
            screen.say(f"{shown(settings.warehouse)} holds your own listening, so no sample is loaded.")
            return
        if kind is Kind.SAMPLE and if_empty:
            screen.say(f"{shown(settings.warehouse)} already holds the sample: nothing to load.")
            return
        if kind is Kind.REAL:
            raise CommandError(loading.sample_elsewhere(settings))
        from spotiflow.demo.sample import load_sample

        with screen.step("Load the sample listeners") as step:
            report = loading.load_sample(
                settings, lambda warehouse: load_sample(warehouse, settings.sample_folder, progress=step.at)
            )
            step.result = f"{report.rows_loaded:,} rows"
    conclude(run, report)


@app.command(
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
    timezone: Annotated[str | None, typer.Option("--timezone", metavar="ZONE", help=ZONE_HELP)] = None,
    display_name: Annotated[
        str | None, typer.Option("--display-name", metavar="NAME", help="The name to show on the site, if any.")
    ] = None,
    no_wait: NoWait = False,
) -> None:
    """Load a Spotify privacy export: the extended streaming history, or the account data.

    Request it at spotify.com/account/privacy. IP addresses, user names and devices are never read. The time zone is
    needed the first time an account is loaded.
    """
    checked("--account", checks.label, account)
    if timezone is not None:
        checked("--timezone", checks.timezone, timezone)
    chosen_name = checked("--display-name", checks.display_name, display_name) if display_name is not None else None
    paths = checked("PATH", checks.export_paths, paths)

    from extract.raw.loader import load
    from extract.raw.store import Store
    from extract.sources.spotify_export import ExportSource, read_exports
    from spotiflow.pseudonyms import user_id_for

    run = Run(no_wait)
    user_id = user_id_for(account, run.settings.home)

    def load_export(warehouse: Path, progress: Callable[[str], None], known: Account | None) -> LoadReport:
        zone = zone_of(account, timezone, known)
        name = chosen_name or (known.display_name if known else None)
        with read_exports([ExportSource(user_id, paths, zone, name)], Store(warehouse), progress) as batch:
            return load(warehouse, batch, progress)

    load_own(run, f"Load {account}'s export", user_id, load_export, (account, timezone))


@app.command(
    "features",
    epilog="[bold]Examples[/bold]\n\nspotiflow load features track_features.csv\n\nspotiflow load features --missing",
)
def load_features_command(
    path: Annotated[Path | None, typer.Argument(metavar="[PATH]", help="A CSV or Parquet file.")] = None,
    missing: Annotated[
        bool,
        typer.Option("--missing", help="Ask services for missing features: Spotify if the app may, then ReccoBeats."),
    ] = False,
    ask_now: Annotated[
        bool, typer.Option("--now", help="With --missing: ask even if a service requested a longer pause.")
    ] = False,
    no_wait: NoWait = False,
) -> None:
    """Load a catalogue of audio features, or ask services for missing ones.

    Required columns: track_id, danceability, energy, liveness, acousticness, instrumentalness, speechiness, valence
    (0 to 1). Optional: track_name, artist_name, album_name, duration_ms, isrc, tempo, loudness, genre.
    """
    if missing == (path is not None):
        usage("PATH", "pass a file, or --missing to ask services (one of the two).")
    if path is None:
        _load_missing_features(Run(no_wait), ask_now)
        return
    path = checked("PATH", checks.catalogue_path, path)
    from extract.raw.loader import load
    from extract.raw.store import Store
    from extract.sources.table_files import read_catalogue

    def load_catalogue(warehouse: Path, progress: Callable[[str], None], _: Account | None) -> LoadReport:
        with read_catalogue(path, stored=Store(warehouse), progress=progress) as batch:
            return load(warehouse, batch, progress)

    load_own(Run(no_wait), f"Load audio features from {path.name}", None, load_catalogue)


def _load_missing_features(run: Run, ask_now: bool) -> None:
    from spotiflow.cli.online import load_missing_features, online
    from spotiflow.locks import wait_for_database

    screen = run.screen
    with writer(run):
        wait_for_database(run.settings.warehouse, run.wait, screen.note)
        may = online(run.settings, run.wait, screen.note)
        if not may:
            screen.say(str(may.why_not))
            return
        with screen.step("Ask for missing audio features") as step:
            report = load_missing_features(run.settings, may, step.at, ask_now)
            step.result = f"{count(report.rows_loaded, 'track')} found"
            if report.problems:
                step.verdict = "not complete"
    if not report.files:
        screen.say("There is nothing to ask for now.")
    for file in report.files:
        screen.say(f"  {file.file}: {count(file.rows_loaded, 'track')} found")
        if file.note:
            screen.say(f"    {file.note}")
        for reason, rows in file.rejected.most_common():
            screen.say(f"    {rows:,} rejected, kept in raw_spotify.rejected_rows: {reason}")
        if file.problem:
            screen.say(f"    {file.problem}")
    if report.rows_loaded:
        screen.say()
        screen.say("Next: spotiflow refresh")
    if report.problems:
        raise typer.Exit(3 if report.rows_loaded else 1)


@app.command(
    "feedback",
    epilog="[bold]Examples[/bold]\n\nspotiflow load feedback thumbs.csv\n\n"
    "spotiflow load feedback my_ratings.jsonl --account me",
)
def load_feedback_command(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A CSV, Parquet or JSON Lines file.")],
    account: Annotated[
        str | None,
        typer.Option("--account", metavar="LABEL", help="Whose feedback it is, if the file has no column for it."),
    ] = None,
    no_wait: NoWait = False,
) -> None:
    """Load what listeners said about tracks: saved, liked, disliked or rated.

    Columns: account (a label), track (id, URI or address), feedback (saved, liked, disliked, rating), when (ISO 8601,
    UTC if there is no offset); for ratings also rating and, if the best rating is not 5, rating_max.

    If rows are rejected, the others are loaded and the exit code is 3.
    """
    if account is not None:
        checked("--account", checks.label, account)
    path = checked("PATH", checks.row_file_path, path)
    from extract.raw.loader import load
    from extract.raw.store import Store
    from extract.sources.table_files import Listeners, read_feedback
    from spotiflow.locks import connect
    from spotiflow.pseudonyms import user_id_for
    from spotiflow.warehouse import accounts

    run = Run(no_wait)

    def load_feedback(warehouse: Path, progress: Callable[[str], None], _: Account | None) -> LoadReport:
        known: set[str] = set()
        if warehouse.exists():
            with connect(warehouse, read_only=True) as connection:
                known = {person.user_id for person in accounts(connection) if not person.is_sample}
        listeners = Listeners(lambda label: user_id_for(label, run.settings.home), known, account)
        with read_feedback(path, listeners, stored=Store(warehouse), progress=progress) as batch:
            return load(warehouse, batch, progress)

    load_own(run, f"Load feedback from {path.name}", None, load_feedback, every_row=True)


@app.command(
    "recommendations",
    epilog="[bold]Examples[/bold]\n\n"
    "spotiflow load recommendations answers.csv --recommender our-model --version 2026-11-24\n\n"
    "spotiflow load recommendations answers.parquet --recommender our-model --version 1.4 --account me",
)
def load_recommendations_command(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A CSV, Parquet or JSON Lines file.")],
    recommender: Annotated[
        str, typer.Option("--recommender", metavar="NAME", help="What the model is called on the site.")
    ],
    version: Annotated[str, typer.Option("--version", metavar="V", help="Which version of the model answered.")],
    account: Annotated[
        str | None,
        typer.Option("--account", metavar="LABEL", help="The account of all rows, if the file has no column for it."),
    ] = None,
    no_wait: NoWait = False,
) -> None:
    """Load the recommendations of your own model, to compare it with the other recommenders.

    One row per recommended track. Required columns: account (its label) or user_id, week_start (a Monday),
    seed_track_id (the Top Song), rank (1 is first), track_id. Optional: as_of (the model knew only earlier
    listening), requested_at, variant. An answer replaces the model's earlier answer for the same week and song.

    If rows are rejected, the others are loaded and the exit code is 3.
    """
    path = checked("PATH", checks.row_file_path, path)
    if account is not None:
        checked("--account", checks.label, account)

    from spotiflow import seed_files
    from spotiflow.cli import loading
    from spotiflow.locks import wait_for_database
    from spotiflow.pseudonyms import sample_user_id, user_id_for
    from spotiflow.recommend.file_recommender import load_answers, own_name, own_version
    from spotiflow.warehouse import Kind

    run = Run(no_wait)
    settings = run.settings
    definitions = settings.root / "seeds" / "definitions"
    listed = {row["recommender"]: row for row in seed_files.rows(definitions / "recommenders.csv")}
    constants = {row["constant"]: row["value"] for row in seed_files.rows(definitions / "diagnostic_constants.csv")}
    recommender = checked("--recommender", lambda name: own_name(name, frozenset(listed)), recommender)
    version = checked("--version", own_version, version)
    with writer(run):
        wait_for_database(settings.warehouse, run.wait, run.screen.note)
        kind = loading.held(settings, run.wait, run.screen.note)

        def user_id_of(label: str) -> str:
            return sample_user_id(label) if kind is Kind.SAMPLE else user_id_for(label, settings.home)

        with run.screen.step(f"Load the recommendations of {recommender}") as step:
            report = load_answers(
                *(settings.warehouse, path, recommender, version, user_id_of),
                most_ranks=int(listed["file"]["most_ranks"]),
                similarity_k=int(float(constants["similarity_k"])),
                account=account,
                progress=step.at,
            )
            step.result = f"{report.rows_loaded:,} rows"
            if report.problems and not report.rows_loaded:
                step.verdict = "failed"
    conclude(run, report, every_row=True)


@app.command(
    "api",
    epilog="[bold]Examples[/bold]\n\nspotiflow load api\n\nspotiflow load api --account me --account kim",
)
def load_api_command(
    account: Annotated[
        list[str] | None,
        typer.Option("--account", metavar="LABEL", help="An account that has logged in. If left out: all of them."),
    ] = None,
    timezone: Annotated[str | None, typer.Option("--timezone", metavar="ZONE", help=ZONE_HELP)] = None,
    now: Annotated[bool, typer.Option("--now", help="Ask even if Spotify requested a longer pause.")] = False,
    no_wait: NoWait = False,
) -> None:
    """Load the last 50 plays of each account from Spotify's Web API, and once a day its saved tracks.

    Accounts log in with `spotiflow login`. If one account fails, the others are still loaded.
    """
    labels = [checked("--account", checks.label, label) for label in account or []]
    if timezone is not None:
        checked("--timezone", checks.timezone, timezone)

    from extract.http import utc_now
    from extract.sources.spotify_api.accounts import accounts_with_login
    from extract.sources.spotify_api.polling import PollReport
    from spotiflow.cli import loading
    from spotiflow.cli.polling import poll_accounts, summarise_poll, warnings
    from spotiflow.formatting import count
    from spotiflow.locks import wait_for_database
    from spotiflow.pseudonyms import user_id_for

    run = Run(no_wait)
    settings, screen = run.settings, run.screen
    known, polled = accounts_with_login(settings.home), PollReport()
    if not labels and not known:
        raise CommandError("No account has logged in yet. Log in first: spotiflow login --account LABEL")
    named = {user_id_for(label, settings.home): label for label in labels}
    with writer(run):
        wait_for_database(settings.warehouse, run.wait, screen.note)
        kind = loading.held(settings, run.wait, screen.note)
        with screen.step("Ask Spotify for the newest plays") as step:

            def load(warehouse: Path) -> LoadReport:
                nonlocal polled
                polled = poll_accounts(
                    settings,
                    step.at,
                    list(named) or None,
                    names=named,
                    timezone=timezone,
                    ask_now=now,
                    warehouse=warehouse,
                )
                return polled.as_load_report()

            _, replaced = loading.load_own(settings, load, kind)
            step.result = count(polled.plays_new, "new play")
            if polled.exit_code == 1:
                step.verdict = "failed"
        if replaced:
            screen.say("The sample listeners were removed: this warehouse now holds only your own listening.")
    for sentence in warnings(known.values(), utc_now()):
        screen.say(sentence)
    summarise_poll(screen, polled)
    if polled.exit_code:
        raise typer.Exit(polled.exit_code)
