"""Recompute a listener's marts from their own files and hold them against a warehouse or published file.

    python -m tests.recompute --export PATH [PATH …] --timezone Europe/London --features FILE.csv \
        --database data/warehouse.duckdb [--user-id ID]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import duckdb

from tests.recompute.comparison import compare, mart, recommendations, segments
from tests.recompute.inputs import Listener
from tests.recompute.recompute import recompute


def main() -> int:
    """Print one line per mart; 0 when everything is equal."""
    parser = argparse.ArgumentParser(prog="python -m tests.recompute", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--export", nargs="+", type=Path, required=True, help="ZIPs, folders or JSON files")
    parser.add_argument("--pages", nargs="*", type=Path, default=[], help="recorded pages of recently played")
    parser.add_argument("--timezone", required=True, help="IANA name, as given when loading")
    parser.add_argument("--features", type=Path, required=True, help="the catalogue, CSV")
    parser.add_argument("--database", type=Path, required=True, help="the warehouse or the published file")
    parser.add_argument("--user-id", help="whose rows; may be left out when there is one listener only")
    arguments = parser.parse_args()

    user_id = arguments.user_id
    if user_id is None:
        with duckdb.connect(str(arguments.database), read_only=True) as connection:
            users = sorted(mart(connection, "dim_users")["user_id"])
        if len(users) != 1:
            parser.error(f"the database has {len(users)} listeners; say which with --user-id: {', '.join(users[:5])}")
        (user_id,) = users
    listener = Listener(user_id, arguments.timezone, arguments.export, arguments.pages)
    recomputed = recompute(
        [listener],
        arguments.features,
        recommendations(arguments.database, [user_id]),
        segments=segments(arguments.database, [user_id]),
    )
    comparisons = compare(recomputed, arguments.database, [user_id])
    for comparison in comparisons:
        print(comparison)
    return 0 if all(comparison.ok for comparison in comparisons) else 1


if __name__ == "__main__":
    sys.exit(main())
