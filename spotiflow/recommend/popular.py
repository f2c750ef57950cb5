"""`popular`: what all listeners together had listened to most often, whatever the song. The baseline to beat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from extract.report import Progress
from spotiflow.recommend.recommender import RANKED, Answers, answers_table

# A listen counts for every moment after the play ended, as `as_of` belongs to the time after. Which play is a listen
# was decided by the models.
_GROWTH = """
with moments as (
    select as_of, row_number() over (order by as_of) - 1 as moment from (select distinct as_of from questions)
),

listens as (
    select track_id, played_at, listened_ms from marts.fct_plays where is_listen
)

select
    moments.moment, listens.track_id, count(*) as listens, sum(listens.listened_ms)::double as listened_ms
from listens
asof join moments on listens.played_at < moments.as_of
group by moments.moment, listens.track_id
"""

_RECORDINGS = """
select track_id, lower(track_name) || chr(31) || lower(coalesce(artist_name, '')) as recording from marts.dim_tracks
"""

_COLUMNS = (("as_of", pa.timestamp("us")), ("seed_track_id", pa.string()), *RANKED)


@dataclass(frozen=True)
class Popular:
    """The most played tracks before the end of the listener's week.

    Order: listens of all listeners in the warehouse, then their summed milliseconds, then track id by bytes, as for
    Top Songs. The song itself and other ids of the same title and artist are no recommendation for it.
    """

    name: str = "popular"
    version: str = "1"
    is_local: bool = True

    def answer(
        self, questions: pa.Table, ranks: int, warehouse: Callable[[], duckdb.DuckDBPyConnection], progress: Progress
    ) -> Answers:
        """The same tracks for every question of a moment, but for the song itself."""
        progress("Counting what is played most")
        with warehouse() as connection:
            connection.register("questions", questions)
            growth = connection.execute(_GROWTH).fetchnumpy()
            asked = connection.execute("select distinct as_of, seed_track_id from questions order by all").fetchall()
            moments = [
                row[0] for row in connection.execute("select distinct as_of from questions order by 1").fetchall()
            ]
            recordings = dict(connection.execute(_RECORDINGS).fetchall())
        songs: dict[object, list[str]] = {}
        for as_of, seed in asked:
            songs.setdefault(as_of, []).append(seed)

        track_ids, position = np.unique(np.asarray(growth["track_id"], dtype=object), return_inverse=True)
        listens, listened_ms = np.zeros(len(track_ids), np.int64), np.zeros(len(track_ids))
        order = np.argsort(growth["moment"], kind="stable")
        ends = np.searchsorted(growth["moment"][order], np.arange(len(moments)), side="right")
        # Enough to fill the ranks when every id of the song's own recording is among them.
        sizes: dict[str, int] = {}
        for recording in recordings.values():
            sizes[recording] = sizes.get(recording, 0) + 1
        spare = max((sizes.get(recordings.get(seed, ""), 1) for _, seed in asked), default=1)

        rows: list[tuple[object, ...]] = []
        begin = 0
        for moment, end in zip(moments, ends, strict=True):
            grown = order[begin:end]
            begin = end
            np.add.at(listens, position[grown], np.asarray(growth["listens"])[grown])
            np.add.at(listened_ms, position[grown], np.asarray(growth["listened_ms"])[grown])
            most = [track_ids[place] for place in _most(listens, listened_ms, ranks + spare)]
            for seed in songs[moment]:
                own = recordings.get(seed)
                kept = [track for track in most if track != seed and (own is None or recordings.get(track) != own)]
                rows += [(moment, seed, rank, track) for rank, track in enumerate(kept[:ranks], start=1)]
        return Answers(answers_table(_COLUMNS, rows))


def _most(listens: np.ndarray, listened_ms: np.ndarray, count: int) -> np.ndarray:
    """Places of the `count` tracks with most listens, then most milliseconds, then lowest place; only with listens."""
    heard = np.flatnonzero(listens)
    if len(heard) > count:
        least = np.partition(listens[heard], -count)[-count]
        heard = heard[listens[heard] >= least]
    return heard[np.lexsort((heard, -listened_ms[heard], -listens[heard]))][:count]
