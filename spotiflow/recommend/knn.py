"""`knn`: the tracks of the loaded catalogue whose audio features are nearest to the song's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from extract.raw.tables import AUDIO_FEATURES
from extract.report import Progress
from spotiflow.recommend.recommender import RANKED, Answers, answers_table

# Neighbours at one distance are ordered by track id; asking for some more than are kept lets the order decide
# also among those at the edge. Several ids of one recording are the usual reason for equal distances.
_SPARE_NEIGHBOURS = 12
_DISTANCE_DECIMALS = 9  # below this, a difference of distances is rounding and not music

_POOL = f"""
select
    track_id,
    provider,
    features_track_id,
    -- Features found by title and artist are those of another id: as a seed they serve, as a neighbour they would be
    -- the same recording again.
    features_matched_by is distinct from 'title_and_artist' as is_neighbour,
    lower(track_name) || chr(31) || lower(coalesce(artist_name, '')) as recording,
    {", ".join(f"{feature}_pct" for feature in AUDIO_FEATURES)}
from marts.dim_tracks
where has_all_features
order by provider, track_id
"""

_COLUMNS = (("seed_track_id", pa.string()), *RANKED)


@dataclass(frozen=True)
class Knn:
    """Nearest neighbours in the loaded catalogue. It sees no play at all, so none after the end of the week."""

    name: str = "knn"
    version: str = "1"
    is_local: bool = True

    def answer(
        self, questions: pa.Table, ranks: int, warehouse: Callable[[], duckdb.DuckDBPyConnection], progress: Progress
    ) -> Answers:
        """One answer per song, the same for every listener and week."""
        progress("Looking for neighbours of the Top Songs")
        seeds = sorted(set(questions["seed_track_id"].to_pylist()))
        with warehouse() as connection:
            tracks = nearest_tracks(connection, seeds, ranks)
        known = set(tracks["seed_track_id"].to_pylist())
        without = sum(seed not in known for seed in questions["seed_track_id"].to_pylist())
        note = f"{without:,} of {len(questions):,} Top Songs have no audio features, so {self.name} cannot answer"
        return Answers(tracks, note=note if without else None)


def nearest_tracks(connection: duckdb.DuckDBPyConnection, seed_track_ids: list[str], ranks: int) -> pa.Table:
    """The `ranks` nearest tracks of each song: columns seed_track_id, rank (1 = nearest), track_id.

    The pool of a song are all tracks whose seven features the same provider knows by their id, scaled to mean 0
    and variance 1; distances are Euclidean. The song itself and other ids of the same title and artist are no
    recommendation. Songs without features are absent from the result.
    """
    pool = connection.execute(_POOL).to_arrow_table()
    wanted = set(seed_track_ids)
    parts = []
    providers = np.asarray(pool["provider"].to_pylist(), dtype=object)
    for provider in sorted(set(providers)):
        parts.append(_nearest_in(pool.filter(pa.array(providers == provider)), wanted, ranks))
    return pa.concat_tables(parts) if parts else answers_table(_COLUMNS, [])


def _nearest_in(pool: pa.Table, wanted: set[str], ranks: int) -> pa.Table:
    track_ids = np.asarray(pool["track_id"].to_pylist(), dtype=object)
    recordings = pool["recording"].to_pylist()
    features = np.column_stack([pool[f"{feature}_pct"].to_numpy() for feature in AUDIO_FEATURES])
    seeds = np.flatnonzero([track_id in wanted for track_id in track_ids])
    if not seeds.size:
        return answers_table(_COLUMNS, [])

    # A second to import: only when there is somebody to recommend for.
    from sklearn.neighbors import NearestNeighbors
    from sklearn.preprocessing import StandardScaler

    measured = pool["features_track_id"].to_pylist()
    in_pool = np.flatnonzero(pool["is_neighbour"].to_numpy(zero_copy_only=False))
    scaler = StandardScaler().fit(features[in_pool])
    scaled = scaler.transform(features)
    count = min(len(in_pool), ranks + 1 + _SPARE_NEIGHBOURS)
    nearest = NearestNeighbors(n_neighbors=count, algorithm="brute").fit(scaled[in_pool])
    distances, neighbours = nearest.kneighbors(scaled[seeds])
    neighbours = in_pool[neighbours]

    rows: list[tuple[str, int, str]] = []
    for seed, at_distance, candidates in zip(seeds, distances.round(_DISTANCE_DECIMALS), neighbours, strict=True):
        # The pool is ordered by track id, so a candidate's position stands for its id.
        order = np.lexsort((candidates, at_distance))
        rank = 0
        for candidate in candidates[order]:
            if track_ids[candidate] in (track_ids[seed], measured[seed]):
                continue
            if recordings[seed] and recordings[candidate] == recordings[seed]:
                continue
            rank += 1
            rows.append((track_ids[seed], rank, track_ids[candidate]))
            if rank == ranks:
                break
    return answers_table(_COLUMNS, rows)
