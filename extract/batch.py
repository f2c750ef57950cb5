"""What a source hands over: rows of raw tables, and the report of how it read them. Neither knows a warehouse."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from extract.report import LoadReport


@dataclass
class Batch:
    """Rows by the name of their raw table, as Arrow tables of its schema (`extract.raw.tables`), and the report.

    The iterables are read once and may be generators, so that a large file need not fit in memory.
    """

    tables: Mapping[str, Iterable[pa.Table]]
    report: LoadReport

    @classmethod
    def together(cls, title: str, batches: Sequence[Batch]) -> Batch:
        """Several batches as one: their rows one after the other, their files in one report."""

        def rows(name: str) -> Iterator[pa.Table]:
            for batch in batches:
                yield from batch.tables.get(name, ())

        names = dict.fromkeys(name for batch in batches for name in batch.tables)
        report = LoadReport(title, [file for batch in batches for file in batch.report.files])
        return cls({name: rows(name) for name in names}, report)
