"""What a load reports: one record per file, which the command line adds up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

Progress = Callable[[str], None]
"""Called with a short sentence whenever a long step begins ("Reading endsong_3.json")."""


def silent(_: str) -> None:
    """A Progress that shows nothing."""


FIRST_ROWS = 3
"""How many rows of a kind are named: enough to look them up, and all are in `rejected_rows`."""


def rows_named(first: Sequence[int], total: int) -> str:
    """`row 4`, `rows 4, 9, 12 and 31 more`. `first`: numbers of the first rows, at least FIRST_ROWS of `total`."""
    named = [f"{row:,}" for row in first[: total if total <= FIRST_ROWS else FIRST_ROWS]]
    named += [f"{total - len(named):,} more"] if total > len(named) else []
    return f"{'row' if total == 1 else 'rows'} {' and '.join(filter(None, [', '.join(named[:-1]), named[-1]]))}"


class LoadError(Exception):
    """A load that cannot go on; the message says what is wrong and what to do next."""


@dataclass
class FileReport:
    """What became of one input file (or of one API resource).

    rows_loaded + set_aside + repeated + rejected = rows_read, always.
    """

    file: str
    source: str
    rows_read: int = 0
    rows_loaded: int = 0
    set_aside: Counter[str] = field(default_factory=Counter)  # kind -> rows: episode, audiobook, unknown
    repeated: int = 0  # exact repeats within the file
    rejected: Counter[str] = field(default_factory=Counter)  # reason -> rows
    first_rejected: dict[str, list[int]] = field(default_factory=dict)  # reason -> its first rows, where they are known
    problem: str | None = None  # why the file could not be read (to its end), and what to do
    oldest_played_at: datetime | None = None  # end of the file's oldest music play, naive UTC
    newest_played_at: datetime | None = None
    note: str | None = None  # something worth knowing that is no problem
    is_account_data: bool = False  # of an export: titles without ids


@dataclass
class LoadReport:
    """What one load command did."""

    title: str
    files: list[FileReport] = field(default_factory=list)
    rows_new: int | None = None  # rows that the warehouse did not hold before; None where nobody counted
    note: str | None = None  # something worth knowing about all of it

    @property
    def problems(self) -> list[FileReport]:
        """Files that could not be read, or not to their end."""
        return [file for file in self.files if file.problem]

    @property
    def ok(self) -> bool:
        """True when every file was read to its end."""
        return not self.problems

    @property
    def rows_loaded(self) -> int:
        """Rows handed to the warehouse, over all files."""
        return sum(file.rows_loaded for file in self.files)

    @property
    def rows_rejected(self) -> int:
        """Rows kept aside in `rejected_rows`, over all files."""
        return sum(sum(file.rejected.values()) for file in self.files)
