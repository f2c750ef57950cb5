"""A site of one account alone, made as if nobody else had ever been loaded.

What one listener sees of a site for everybody is not only their own rows: medians, pools, popular songs and ranks are
made from all. So nothing is filtered at the end. A warehouse of its own is written from the raw rows of the account,
and everything is built, tested and published from that. It stands in a folder that is called by the account's
pseudonym, never in `reports/build`: a folder that holds one account can be uploaded as it is.

What is left out, because it cannot be told apart from others: files that were loaded for several accounts at once (a
catalogue's, a model's, feedback's line in the load history), requests to services in nobody's name, and the answers of
local recommenders, which saw everybody; these are asked again.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from extract.raw.tables import TABLES
from spotiflow import warehouse
from spotiflow.checksums import project_fingerprint
from spotiflow.cli.refresh import Refresh, advice_for, build_site, require_listening
from spotiflow.console import CommandError, Screen
from spotiflow.formatting import count, moment
from spotiflow.locks import attach, connect, only_one
from spotiflow.publish import site
from spotiflow.settings import Settings, shown
from spotiflow.warehouse import Account, Kind, Publication

if TYPE_CHECKING:
    import duckdb

_RAW = warehouse.RAW
_LOADS = "_dlt_loads"
_CATALOGUE = "catalogue"
_STAMP = "taken.json"

# Where the account's own rows name tracks. What a recommender said of another song counts by both songs.
_NAMING_TRACKS = {
    "streaming_history": ("track_id",),
    "recently_played": ("track_id",),
    "feedback": ("track_id",),
    "recommendations": ("track_id", "seed_track_id"),
    "recommendation_requests": ("seed_track_id",),
}
_ANSWERS = ("recommendations", "recommendation_requests")
_OF_TRACKS = ("tracks", "audio_features")


def folder_of_all(settings: Settings) -> Path:
    """Where personal sites are: beside the warehouse that they are made from."""
    return settings.warehouse.parent / "only"


def settings_of(settings: Settings, user_id: str) -> Settings:
    """The paths of an account's own warehouse, published file, site, logs and compiled SQL."""
    folder = folder_of_all(settings) / user_id
    return replace(
        settings,
        warehouse=folder / "warehouse.duckdb",
        published=folder / "published.duckdb",
        site=folder / "site",
        logs=folder / "logs",
        target=folder / "target",
    )


def all_of(settings: Settings) -> list[Settings]:
    """The paths of each account that has a folder of its own, whatever is in it."""
    folders = folder_of_all(settings)
    if not folders.is_dir():
        return []
    return [settings_of(settings, entry.name) for entry in sorted(folders.iterdir()) if entry.is_dir()]


def find(settings: Settings, label: str) -> Settings:
    """The paths of the account's personal site. Needs no warehouse. Raises CommandError when none was made."""
    from spotiflow.pseudonyms import sample_user_id

    for user_id in (_own_user_id(settings, label), sample_user_id(label)):
        if user_id is not None and (folder_of_all(settings) / user_id).is_dir():
            return settings_of(settings, user_id)
    raise CommandError(f"There is no personal site of '{label}' yet. Make it: spotiflow refresh --only {label}")


def name_of(own: Settings) -> str:
    """What a personal site calls its listener: the chosen name, else the words that pages use."""
    listeners = _listeners(own.published)
    return listeners[0][1] if listeners and len(listeners) == 1 else f"Listener {own.warehouse.parent.name[:6]}"


@dataclass
class Personal:
    """One run of `spotiflow refresh --only LABEL`; `run` returns the exit code."""

    settings: Settings
    screen: Screen
    command: str
    label: str
    wait: bool = True
    force: bool = False
    with_site: bool = True

    def run(self) -> int:
        """Take the account's rows out of everybody's warehouse and make everything from them alone."""
        settings, screen = self.settings, self.screen
        with only_one(folder_of_all(settings), self.command, self.wait, screen.note):
            with only_one(settings.warehouse, self.command, self.wait, screen.note):
                account = find_account(settings, self.label, self.wait, screen.note)
                own = settings_of(settings, account.user_id)
                screen.say(f"A site of {account.name} alone, in {shown(own.warehouse.parent)}")
                _remove_what_shows_others(own, account.user_id)
                with screen.step("Take out the account's own listening") as step:
                    aside = own.warehouse.with_name(f"warehouse.loading-{os.getpid()}.duckdb")
                    try:
                        rows = take(settings, account.user_id, aside, self.wait, screen.note)
                        with connect(aside, read_only=True) as connection:
                            taken = warehouse.listening_fingerprint(connection)
                        step.result = count(rows, "row")
                        due = self.force or not _is_current(own, taken)
                        if due:
                            _put_in_place(aside, own)
                    finally:
                        _remove_database(aside)
            if not due:
                return self._only_the_site(own)
            refresh = Refresh(
                *(own, screen, self.command),
                wait=self.wait,
                force=True,
                with_site=self.with_site,
                with_poll=False,
                ask_online=False,  # whatever is asked of services is asked for everybody's warehouse
                only=self.label,
            )
            code = refresh.run()
            if refresh.published:
                (own.warehouse.parent / _STAMP).write_text(json.dumps({"taken": taken}) + "\n")
            return code

    def _only_the_site(self, own: Settings) -> int:
        screen = self.screen
        published = warehouse.publication(own.published)
        assert published is not None
        since = f"since {moment(published.published_at)}"
        if self.with_site and not site.is_current(own):
            screen.say(f"Nothing new came in {since}: only the site is built.")
            try:
                build_site(own, screen, self.command, self.wait)
            except CommandError as error:
                raise CommandError(advice_for(self.label, str(error)), error.exit_code) from error
            screen.heading(f"The site is ready: {shown(own.site / 'index.html')}")
        else:
            screen.say(f"Everything is up to date: nothing of this account is new {since}.")
        screen.say(f"  `spotiflow serve --only {self.label}` shows it in a browser.")
        return 0


# --- whose -----------------------------------------------------------------------------------------------------


def find_account(settings: Settings, label: str, wait: bool, say: Callable[[str], None]) -> Account:
    """The loaded account, or sample listener, of this label. Raises CommandError, naming those that there are."""
    require_listening(settings)
    with connect(settings.warehouse, read_only=True, wait=wait, say=say) as connection:
        kind, people = warehouse.kind(connection), warehouse.accounts(connection)
    from spotiflow.pseudonyms import sample_user_id

    user_id = sample_user_id(label) if kind is Kind.SAMPLE else _own_user_id(settings, label)
    account = next((one for one in people if one.user_id == user_id), None)
    if account is None:
        raise CommandError(
            f"No account that is called '{label}' is loaded here.\n{_who_there_is(settings, kind, people)}"
        )
    if not account.plays:
        raise CommandError(f"No play of '{label}' is loaded yet, so there is nothing to show.")
    return account


def _who_there_is(settings: Settings, kind: Kind, people: list[Account]) -> str:
    labels, nameless = [], []
    known = _known_labels(settings, kind)
    for person in people:
        if person.user_id in known:
            labels.append(known[person.user_id])
        else:
            nameless.append(person.name)
    parts = []
    if labels:
        parts.append(f"Labels: {', '.join(sorted(labels))}.")
    if nameless:
        parts.append(
            f"{'Also loaded' if labels else 'Loaded'}: {', '.join(nameless)}. "
            "Labels of accounts without a login are stored nowhere: give the one with which it was loaded."
        )
    return "\n".join(parts)


def _known_labels(settings: Settings, kind: Kind) -> dict[str, str]:
    """Labels by `user_id`, as far as they are written down: those of logins, and those of sample listeners."""
    if kind is Kind.SAMPLE:
        from spotiflow.demo.sample.manifest import SampleManifest
        from spotiflow.pseudonyms import sample_user_id

        manifest = SampleManifest.read(settings.sample_folder)
        return {sample_user_id(one.label): one.label for one in manifest.listeners} if manifest else {}
    from extract.sources.spotify_api.accounts import known_accounts

    return {user_id: one.label for user_id, one in known_accounts(settings.home).items()}


def _own_user_id(settings: Settings, label: str) -> str | None:
    """The pseudonym, unless there is no key yet: looking for an account must not make one."""
    from spotiflow.pseudonyms import KEY_FILE, user_id_for

    return user_id_for(label, settings.home) if (settings.home / KEY_FILE).exists() else None


# --- its own rows ----------------------------------------------------------------------------------------------


def take(settings: Settings, user_id: str, target: Path, wait: bool, say: Callable[[str], None]) -> int:
    """Write a warehouse of the raw rows of `user_id`, and of nothing else that others left, to the new file `target`.

    Returns how many rows it holds. Hold the warehouse's lock meanwhile.
    """
    import duckdb

    from spotiflow.recommend import LOCAL

    target.parent.mkdir(parents=True, exist_ok=True)
    _remove_database(target)
    rows = 0
    with duckdb.connect(str(target)) as connection:
        attach(connection, settings.warehouse, "everybody", wait=wait, say=say)
        statements = dict(
            connection.execute(
                "select table_name, sql from duckdb_tables() "
                f"where database_name = 'everybody' and schema_name = '{_RAW}'"
            ).fetchall()
        )
        present = {name for name in TABLES if name in statements}
        _note_own_tracks(connection, user_id, [one.name for one in LOCAL], present)
        connection.execute(f"create schema {_RAW}")
        for name in sorted(present):
            connection.execute(statements[name])  # as dlt made it, with its NOT NULLs
            condition = _is_own(name, present)
            (taken,) = connection.execute(
                f"insert into {_RAW}.{name} select * from everybody.{_RAW}.{name} as t where {condition}",
                {"user_id": user_id} if "$user_id" in condition else None,
            ).fetchone() or (0,)
            rows += int(taken)
        if _LOADS in statements:
            # Only the loads that brought these rows: how often others were loaded is nobody else's business.
            brought = " union ".join(f"select _dlt_load_id as load_id from {_RAW}.{name}" for name in sorted(present))
            connection.execute(statements[_LOADS])
            connection.execute(
                f"insert into {_RAW}.{_LOADS} select * from everybody.{_RAW}.{_LOADS} "
                f"where load_id in (select load_id from ({brought}))"
            )
        connection.execute("detach everybody; checkpoint")
    return rows


def _note_own_tracks(connection: duckdb.DuckDBPyConnection, user_id: str, local: list[str], present: set[str]) -> None:
    """Temporary tables: recommenders on this machine, and the tracks that the account's own rows name."""
    connection.execute("create temp table local_recommenders as select unnest(?) as name", [local])
    named = [
        f"select {column} as track_id from everybody.{_RAW}.{table} as t where {_is_own(table, present)}"
        for table, columns in _NAMING_TRACKS.items()
        if table in present
        for column in columns
    ] or ["select null::varchar as track_id where $user_id is null"]
    connection.execute(
        "create temp table own_tracks as select distinct track_id from "
        f"({' union all '.join(named)}) where track_id is not null",
        {"user_id": user_id},
    )


def _is_own(table: str, present: set[str]) -> str:
    """The condition under which a row (alias `t`) of everybody's raw table belongs to the account `$user_id`."""
    if table in _OF_TRACKS:
        # A catalogue is a file about music. What services were asked about says what somebody plays.
        return f"t.provider = '{_CATALOGUE}' or t.track_id in (from own_tracks)"
    own = "t.user_id = $user_id"
    if table in _ANSWERS:
        return f"{own} and t.recommender not in (from local_recommenders)"
    if table == "rejected_rows":
        # Rows of a file that was loaded for several accounts number the others' rows, too.
        if "load_log" not in present:
            return "false"
        return (
            f"{own} and t.source in (select source from everybody.{_RAW}.load_log as log where log.user_id = $user_id)"
        )
    return own


# --- what a former run left --------------------------------------------------------------------------------------


def _remove_what_shows_others(own: Settings, user_id: str) -> None:
    """A former site stays until the new one is complete if it is known to show this account; else it goes first."""
    listeners = _listeners(own.published)
    if listeners is None or any(one != user_id for one, _ in listeners):
        remove_published(own)
    for leftover in own.warehouse.parent.glob("warehouse.loading-*"):
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink(missing_ok=True)


def remove_published(own: Settings) -> None:
    """Remove what a personal site shows, and what it was made from."""
    own.published.unlink(missing_ok=True)
    shutil.rmtree(own.site, ignore_errors=True)
    (own.warehouse.parent / _STAMP).unlink(missing_ok=True)


def _put_in_place(aside: Path, own: Settings) -> None:
    from extract.raw import spool
    from extract.raw.loader import set_aside_folder, working_folder

    (own.warehouse.parent / _STAMP).unlink(missing_ok=True)
    for folder in (working_folder(own.warehouse), spool.folder(own.warehouse), set_aside_folder(own.warehouse)):
        shutil.rmtree(folder, ignore_errors=True)
    Path(f"{own.warehouse}.wal").unlink(missing_ok=True)
    aside.replace(own.warehouse)


def _is_current(own: Settings, taken: str) -> bool:
    """Whether the account's published file was made from the same rows, by the same models and definitions."""
    try:
        former = json.loads((own.warehouse.parent / _STAMP).read_text())["taken"]
    except (OSError, ValueError, TypeError, KeyError):
        return False
    published: Publication | None = warehouse.publication(own.published)
    return (
        former == taken
        and published is not None
        and published.project_fingerprint == project_fingerprint(own.root)
        and not warehouse.definitions_began_since(own.published, published.published_at)
    )


def _listeners(published: Path) -> list[tuple[str, str]] | None:
    """Who is in a published file, by id and name; None when it is not there or none of ours."""
    if not published.exists():
        return None
    import duckdb

    try:
        with duckdb.connect(str(published), read_only=True) as connection:
            return connection.execute("select user_id, display_name from dim_users order by user_id").fetchall()
    except duckdb.Error:
        return None


def _remove_database(path: Path) -> None:
    for file in (path, Path(f"{path}.wal")):
        file.unlink(missing_ok=True)


# --- forgetting --------------------------------------------------------------------------------------------------


def databases(settings: Settings) -> Iterator[Path]:
    """The DuckDB files of all personal sites."""
    for own in all_of(settings):
        yield from (path for path in (own.warehouse, own.published) if path.exists())
