"""The data behind a site of one account alone, made as if nobody else had ever been loaded.

What one listener sees of a site for everybody is not only their own rows: medians, pools, popular songs and ranks are
made from all. So nothing is filtered at the end. A warehouse of its own is written from the account's raw rows, and
everything is built, tested and published from that. It lies in a folder named by the account's pseudonym, never in
`reports/build`: a folder that holds one account can be uploaded as it is.

Rows that cannot be told apart from those of others are left out: the load history of files that were loaded for
several accounts at once, requests to services in nobody's name, and the answers of local recommenders, which saw
everybody. Local recommenders run again on the account's own listening.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from extract.atomic_file import swap_in, write_whole
from extract.raw import spool
from extract.raw.loader import set_aside_folder, working_folder
from extract.raw.tables import DATASET, TABLES, Holds, tables_that_hold
from spotiflow.locks import attach
from spotiflow.privacy.raw_copy import LOADS, copy_rows, raw_tables
from spotiflow.settings import Settings

if TYPE_CHECKING:
    import duckdb

_CATALOGUE = "catalogue"
_STAMP = "taken.json"


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


def databases(settings: Settings) -> Iterator[Path]:
    """The DuckDB files of all personal sites."""
    for own in all_of(settings):
        yield from (path for path in (own.warehouse, own.published) if path.exists())


def name_of(own: Settings) -> str:
    """What a personal site calls its listener: the chosen name, else the words that pages use."""
    listeners = _listeners(own.published)
    return listeners[0][1] if listeners and len(listeners) == 1 else f"Listener {own.warehouse.parent.name[:6]}"


# --- the account's own rows ------------------------------------------------------------------------------------


def take(
    settings: Settings,
    user_id: str,
    target: Path,
    local_recommenders: Collection[str],
    wait: bool,
    say: Callable[[str], None],
) -> int:
    """Write a warehouse of the raw rows of `user_id`, and of nothing else that others left, to the new file `target`.

    Returns how many rows it holds. Hold the warehouse's lock meanwhile.
    """
    import duckdb

    target.parent.mkdir(parents=True, exist_ok=True)
    remove_database(target)
    with duckdb.connect(str(target)) as connection:
        attach(connection, settings.warehouse, "everybody", wait=wait, say=say)
        present = raw_tables(connection, "everybody").keys() & TABLES.keys()
        _note_own_tracks(connection, user_id, local_recommenders, present)
        rows = copy_rows(connection, "everybody", lambda name: _is_own(name, present), user_id)
        connection.execute("detach everybody; checkpoint")
    return sum(number for name, number in rows.items() if name != LOADS)


def _note_own_tracks(
    connection: duckdb.DuckDBPyConnection, user_id: str, local_recommenders: Collection[str], present: Collection[str]
) -> None:
    """Temporary tables: recommenders on this machine, and the tracks that the account's own rows name."""
    connection.execute(
        "create temp table local_recommenders as select unnest(?::varchar[]) as name", [list(local_recommenders)]
    )
    named = [
        f"select {column} as track_id from everybody.{DATASET}.{table.name} as t where {_is_own(table.name, present)}"
        for table in tables_that_hold(Holds.LISTENING, Holds.ANSWERS)
        if table.name in present
        for column in table.track_columns
    ] or ["select null::varchar as track_id where $user_id is null"]
    connection.execute(
        "create temp table own_tracks as select distinct track_id from "
        f"({' union all '.join(named)}) where track_id is not null",
        {"user_id": user_id},
    )


def _is_own(name: str, present: Collection[str]) -> str:
    """The condition under which a row (alias `t`) of everybody's raw table belongs to the account `$user_id`."""
    if name == LOADS:
        # Only the loads that brought these rows: how often others were loaded is nobody else's business.
        brought = " union ".join(f"select _dlt_load_id from {DATASET}.{table}" for table in sorted(present))
        return f"t.load_id in ({brought})"
    table = TABLES[name]
    if table.holds is Holds.TRACK_FACTS:
        # A catalogue is about music. What services were asked about reveals what an account plays.
        return f"t.provider = '{_CATALOGUE}' or t.track_id in (from own_tracks)"
    own = f"t.{table.owner} = $user_id"
    if table.holds is Holds.ANSWERS:
        return f"{own} and t.recommender not in (from local_recommenders)"
    if name == "rejected_rows":
        # Rejected rows of a file that was loaded for several accounts would give away how many rows others have in it.
        if "load_log" not in present:
            return "false"
        loaded = f"select source from everybody.{DATASET}.load_log as log where log.user_id = $user_id"
        return f"{own} and t.source in ({loaded})"
    return own


def put_in_place(fresh: Path, own: Settings) -> None:
    """Make a warehouse that was just written the account's own; what was published from the former one is out of date.

    The stamp goes first: a run that is cut short here is not taken for a complete one.
    """
    stamp_file(own).unlink(missing_ok=True)
    for folder in (working_folder(own.warehouse), spool.folder(own.warehouse), set_aside_folder(own.warehouse)):
        shutil.rmtree(folder, ignore_errors=True)
    Path(f"{own.warehouse}.wal").unlink(missing_ok=True)
    swap_in(fresh, own.warehouse)


# --- what is known of the latest run ---------------------------------------------------------------------------


def stamp_file(own: Settings) -> Path:
    """Says from which rows the account's site was last published."""
    return own.warehouse.parent / _STAMP


def read_stamp(own: Settings) -> str | None:
    """The fingerprint of the rows that were last published; None when there is none."""
    try:
        return str(json.loads(stamp_file(own).read_text())["taken"])
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write_stamp(own: Settings, fingerprint: str) -> None:
    """Note from which rows the account's site was published."""
    write_whole(stamp_file(own), json.dumps({"taken": fingerprint}) + "\n")


def remove_what_shows_others(own: Settings, user_id: str) -> None:
    """A former site stays until the new one is complete if it is known to show this account; else it goes first."""
    listeners = _listeners(own.published)
    if listeners is None or any(one != user_id for one, _ in listeners):
        own.published.unlink(missing_ok=True)
        shutil.rmtree(own.site, ignore_errors=True)
        stamp_file(own).unlink(missing_ok=True)
    for leftover in own.warehouse.parent.glob("warehouse.loading-*"):
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink(missing_ok=True)


def remove_database(path: Path) -> None:
    """Remove a DuckDB file with its write-ahead log."""
    for file in (path, Path(f"{path}.wal")):
        file.unlink(missing_ok=True)


def _listeners(published: Path) -> list[tuple[str, str]] | None:
    """Who is in a published file, by id and name; None when it does not exist or cannot be read."""
    if not published.exists():
        return None
    import duckdb

    try:
        with duckdb.connect(str(published), read_only=True) as connection:
            return connection.execute("select user_id, display_name from dim_users order by user_id").fetchall()
    except duckdb.Error:
        return None
