"""Forgetting in the warehouse: which rows go with an account, and the new warehouse without them.

Deleting rows in place would leave their bytes in the free blocks of the file. So the warehouse is written again without
them, and takes the old one's place as a whole.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from extract.atomic_file import swap_in
from extract.raw import spool
from extract.raw.loader import set_aside_folder, working_folder
from extract.raw.schema import tables_of
from extract.raw.tables import DATASET, RECOMMENDATIONS, TABLES, Holds, tables_that_hold
from spotiflow.locks import attach
from spotiflow.privacy.raw_copy import LOADS, copy_rows, raw_tables

if TYPE_CHECKING:
    import duckdb

_CATALOGUE = "catalogue"
_ANSWERS = RECOMMENDATIONS.name
# One answer of a recommender: the rows that share all of its key but the rank.
_ANSWER_KEY = tuple(column for column in RECOMMENDATIONS.primary_key if column != "rank")


def count_rows(connection: duckdb.DuckDBPyConnection, user_id: str) -> dict[str, int]:
    """Rows of the account by raw table."""
    present = tables_of(connection)
    counts = {}
    for table in TABLES.values():
        if table.name in present and table.owner:
            (rows,) = connection.execute(
                f"select count(*) from {DATASET}.{table.name} where {table.owner} = ?", [user_id]
            ).fetchone() or (0,)
            counts[table.name] = int(rows)
    return counts


def own_tracks(connection: duckdb.DuckDBPyConnection, user_id: str) -> list[str]:
    """Ids of tracks that nobody else played or judged and that no catalogue holds.

    What was only recommended to the account goes with its rows. A track that a service also recommended to someone
    else belongs to them as well.
    """
    present = tables_of(connection)
    named = [
        f"select {table.owner} as user_id, {column} as track_id from {DATASET}.{table.name}"
        for table in tables_that_hold(Holds.LISTENING)
        if table.name in present
        for column in table.track_columns
    ]
    if not named:
        return []
    held = [
        f"select track_id from {DATASET}.{table} where provider = '{_CATALOGUE}'"
        for table in ("tracks", "audio_features")
        if table in present
    ] or ["select null where false"]
    rows = connection.execute(
        f"""
        with named as ({" union all ".join(named)}),
        held as ({" union all ".join(held)})
        select track_id from named
        where track_id is not null and track_id not in (select track_id from held)
        group by track_id
        having bool_and(user_id = ?)
        order by track_id
        """,
        [user_id],
    ).fetchall()
    return [str(track_id) for (track_id,) in rows]


def count_answers_to_others(connection: duckdb.DuckDBPyConnection, user_id: str, tracks: list[str]) -> int:
    """Recommendations to others that name one of these tracks."""
    if not tracks or _ANSWERS not in tables_of(connection):
        return 0
    note_tracks(connection, tracks)
    (rows,) = connection.execute(
        f"select count(*) from {DATASET}.{_ANSWERS} where user_id != ? and (track_id in (from own_tracks) "
        "or seed_track_id in (from own_tracks))",
        [user_id],
    ).fetchone() or (0,)
    return int(rows)


def note_tracks(connection: duckdb.DuckDBPyConnection, tracks: list[str]) -> None:
    """The temporary table `own_tracks`, which conditions refer to."""
    connection.execute("create or replace temp table own_tracks (track_id varchar)")
    if tracks:
        connection.executemany("insert into own_tracks values (?)", [[track] for track in tracks])


def rewrite(path: Path, user_id: str, tracks: list[str]) -> None:
    """Replace the warehouse by one without the account and without what is known of `tracks`.

    dlt's working folder goes as well, because it holds the last packages. Hold the warehouse's lock meanwhile.
    """
    import duckdb

    fresh = path.with_name(f"{path.stem}.loading-{os.getpid()}.duckdb")  # the next load removes it if we are killed
    fresh.unlink(missing_ok=True)
    try:
        with duckdb.connect(str(fresh)) as connection:
            attach(connection, path, "former")
            note_tracks(connection, tracks)
            present = raw_tables(connection, "former").keys()
            copy_rows(connection, "former", lambda name: _stays(name, present), user_id)
            connection.execute("detach former; checkpoint")
        # In this order a crash at any point leaves either all of the account, or none of it, and the journal.
        for folder in (working_folder(path), spool.folder(path), set_aside_folder(path)):
            if folder.exists():
                shutil.rmtree(folder)
        Path(f"{path}.wal").unlink(missing_ok=True)
        swap_in(fresh, path)
    finally:
        for leftover in (fresh, Path(f"{fresh}.wal")):
            leftover.unlink(missing_ok=True)
    for leftover in path.parent.glob(f"{path.stem}.loading-*"):
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink(missing_ok=True)


def _stays(name: str, present: Collection[str]) -> str:
    """The condition under which a row (alias `t`) of a raw table stays."""
    if name == LOADS:
        return "true"
    table = TABLES[name]
    conditions = []
    if table.owner:
        conditions.append(f"t.{table.owner} is distinct from $user_id")
    if name == "rejected_rows":
        # Rejected values of a service are kept with the track's id, no matter who played it.
        conditions.append("not exists (select 1 from own_tracks where contains(t.fields, own_tracks.track_id))")
    if table.holds is Holds.ANSWERS and _ANSWERS in present:
        # An answer to someone else is removed as a whole: half of it would make the recommender look worse than it is.
        same = " and ".join(f"a.{column} = t.{column}" for column in _ANSWER_KEY)
        conditions.append(
            f"not exists (select 1 from former.{DATASET}.{_ANSWERS} as a where {same} "
            "and (a.track_id in (from own_tracks) or a.seed_track_id in (from own_tracks)))"
        )
    if table.holds is Holds.TRACK_FACTS:
        conditions += [f"t.{column} not in (from own_tracks)" for column in table.track_columns]
    return " and ".join(conditions) or "true"
