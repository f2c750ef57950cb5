"""What every recommender is: a name, a version, and answers to questions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import duckdb
import pyarrow as pa

from extract.report import Progress

QUESTIONS = pa.schema(
    [
        ("user_id", pa.string()),
        ("week_start", pa.date32()),
        ("seed_track_id", pa.string()),
        ("as_of", pa.timestamp("us")),  # end of the listener's own week, naive UTC
    ]
)
"""One row per question: which tracks go with this Top Song of this listener's week?"""


@dataclass
class Answers:
    """What a recommender gave.

    `tracks` has the columns `rank` (1 = first) and `track_id`, and those columns of the questions on which the answer
    hangs: `knn` looks at the song alone, `popular` at the song and the moment. A question without tracks was answered
    with nothing.
    """

    tracks: pa.Table
    answered: pa.Table | None = None  # the questions that were answered, by columns of theirs; None: all of them
    as_of: datetime | None = None  # what the recommender knew listening up to; None: up to the questions' `as_of`
    note: str | None = None  # something worth knowing
    problem: str | None = None  # why not all questions were answered, and what to do
    metadata: Sequence[dict[str, Any]] = field(default_factory=tuple)  # rows of raw `tracks`
    requests: Sequence[dict[str, Any]] = field(default_factory=tuple)  # rows of raw `poll_log`


class Recommender(Protocol):
    """Something that can be asked for tracks."""

    @property
    def name(self) -> str:
        """The name under which answers are stored; listed in the seed `recommenders`."""

    @property
    def version(self) -> str:
        """A change of method is a new version."""

    @property
    def is_local(self) -> bool:
        """Whether it answers on this machine, from the warehouse alone; else it is asked once, never twice."""

    def answer(
        self, questions: pa.Table, ranks: int, warehouse: Callable[[], duckdb.DuckDBPyConnection], progress: Progress
    ) -> Answers:
        """Answers to `questions` (schema QUESTIONS), at most `ranks` tracks each.

        `warehouse` opens it for reading. A local recommender must not look at a play that ended at or after the
        question's `as_of`. Does not raise for what a service does: `problem` says it.
        """


def answers_table(columns: Sequence[tuple[str, pa.DataType]], rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    """Rows as the `tracks` of Answers."""
    schema = pa.schema(list(columns))
    if not rows:
        return schema.empty_table()
    values = zip(*rows, strict=True)
    return pa.Table.from_arrays(
        [pa.array(column, kind) for column, (_, kind) in zip(values, columns, strict=True)], schema=schema
    )


RANKED = (("rank", pa.int64()), ("track_id", pa.string()))
