"""How often intervals hold the truth, by the number of listeners: the table of benchmarks/statistics.md.

Needs a build (`make report`): python -m benchmarks.interval_coverage
"""

from __future__ import annotations

import os
from pathlib import Path

from tests.statistics.simulation import Laboratory, coverage

WORLDS = 4000
COUNTS = (3, 5, 10, 20, 30, 40, 80, 160)
SEED = 1


def main() -> None:
    """Print the table."""
    warehouse = Path(os.environ.get("SPOTIFLOW_WAREHOUSE", "data/warehouse.duckdb"))
    laboratory = Laboratory(warehouse, Path(os.environ.get("DBT_TARGET_PATH", "target")), least=2)
    print("| listeners | " + " | ".join(("similarity", "skill", "hit rate", "MRR", "nDCG", "half width of hit rate")) + " |")
    print("|---|" + "---|" * 6)
    for listeners in COUNTS:
        found = coverage(laboratory, WORLDS * 40 // max(listeners, 40), listeners, SEED).set_index("metric")
        held = " | ".join(f"{100 * share:.1f} %" for share in found["held"])
        print(f"| {listeners} | {held} | {found['half_width']['hit_rate']:.1f} |", flush=True)


if __name__ == "__main__":
    main()
