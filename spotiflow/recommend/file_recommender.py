"""A team's own model as a recommender: its name and version, and its answers from files, held against what is built."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from extract.raw.loader import load
from extract.raw.schema import DATASET, tables_of
from extract.raw.store import Store
from extract.raw.tables import AUDIO_FEATURES
from extract.report import LoadError, LoadReport, Progress, silent
from extract.sources.table_files import Listeners, read_recommendations
from extract.sources.table_files.remarks import Known, add_remarks

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._+-]{0,39}")


def own_name(value: str, reserved: frozenset[str]) -> str:
    """The name of a team's own model; `reserved` come with SpotiFlow. Raises ValueError with the rule."""
    if value in reserved:
        raise ValueError(
            f"'{value}' is the name of a recommender that comes with SpotiFlow ({', '.join(sorted(reserved))}). "
            "Give your model a name of its own."
        )
    if not _NAME.fullmatch(value):
        raise ValueError(
            f"'{value}' is not a valid recommender name: 1 to 40 lower-case letters, digits, - or _, beginning with a "
            "letter or digit."
        )
    return value


def own_version(value: str) -> str:
    """The version of a team's own model. Raises ValueError with the rule."""
    if not _VERSION.fullmatch(value):
        raise ValueError(
            f"'{value}' is not a valid version: 1 to 40 letters, digits, dots, - or _, such as 2026-11-24 or 1.4."
        )
    return value


def load_answers(
    warehouse: Path,
    path: Path,
    recommender: str,
    version: str,
    user_id_of: Callable[[str], str],
    *,
    most_ranks: int,
    similarity_k: int,
    account: str | None = None,
    progress: Progress = silent,
    now: datetime | None = None,
) -> LoadReport:
    """Load the answers of one version of a model from a file.

    An answer (a listener's week and song) replaces the one that the model gave before as a whole. Listeners must be
    in the warehouse. What is odd about the answers is pointed out in the report.

    Args:
        recommender: as `own_name` gives it.
        version: as `own_version` gives it.
        user_id_of: the id of an account by its label.
        most_ranks: the largest rank that makes sense.
        similarity_k: how many tracks make a prediction.
        account: the label of the account that all rows are for; then the file needs no such column.
        now: naive UTC; when rows do not say when the model was asked.

    Raises:
        LoadError: the file is not a table of recommendations; nothing is written then.
    """
    store = Store(warehouse)
    listeners = Listeners(user_id_of, _known_listeners(store), account)
    with read_recommendations(
        path, recommender, version, listeners, most_ranks, stored=store, now=now, progress=progress
    ) as batch:
        add_remarks(batch, Known(_top_songs(store), lambda tracks: _track_facts(store, tracks), similarity_k))
        batch.report.title = f"Recommendations of {recommender}"
        return load(warehouse, batch, progress)


def _known_listeners(store: Store) -> set[str]:
    if store.warehouse.exists():
        with store.opened() as connection:
            if "accounts" in tables_of(connection):
                return {str(row[0]) for row in connection.execute(f"select user_id from {DATASET}.accounts").fetchall()}
    raise LoadError("No listening is loaded yet, so there is nobody to recommend for. Load some first.")


def _top_songs(store: Store) -> pa.Table | None:
    """Top Songs (user_id, week_start, seed_track_id); None when they are not built."""
    with store.opened() as connection:
        if "weekly_top_songs" not in tables_of(connection, "marts"):
            return None
        return connection.execute(
            "select user_id, week_start, track_id as seed_track_id from marts.weekly_top_songs"
        ).to_arrow_table()


def _track_facts(store: Store, track_ids: pa.Table) -> pa.Table:
    """Of each track: has_title, has_features (all seven, from one provider)."""
    with store.opened() as connection:
        raw, marts = tables_of(connection), tables_of(connection, "marts")
        complete = " and ".join(f"{feature} is not null" for feature in AUDIO_FEATURES)
        nothing = "select null::varchar as track_id where false"
        titled = [
            f"select track_id from {DATASET}.{table} where track_name is not null"
            for table in ("tracks", "streaming_history", "recently_played")
            if table in raw
        ]
        scored = [f"select track_id from {DATASET}.audio_features where {complete}"] if "audio_features" in raw else []
        if "dim_tracks" in marts:  # it also knows features that were found by title and artist
            scored.append("select track_id from marts.dim_tracks where has_all_features")
        connection.register("recommended", track_ids)
        return connection.execute(
            f"""
            with titled as ({" union all ".join([nothing, *titled])}),
            scored as ({" union all ".join([nothing, *scored])})

            select
                track_id,
                track_id in (select track_id from titled where track_id is not null) as has_title,
                track_id in (select track_id from scored) as has_features
            from recommended
            """
        ).to_arrow_table()
