"""How often intervals hold the truth, by the number of listeners: the table of benchmarks/statistics.md.

python -m benchmarks.interval_coverage
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.statistics.model_sql import CompiledModels
from tests.statistics.simulation import Laboratory, coverage

COUNTS = (3, 5, 10, 20, 30, 40, 80, 160)
SEED = 20261125


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        laboratory = Laboratory(CompiledModels.of_project(Path(folder)), least=2)
    titles = ("similarity", "skill", "hit rate", "MRR", "nDCG", "half width of hit rate")
    print(f"| listeners | worlds | {' | '.join(titles)} |")
    print("|---|" + "---|" * (1 + len(titles)))
    for listeners in COUNTS:
        worlds = 2000 if listeners <= 40 else 500
        found = coverage(laboratory, worlds, listeners, SEED).set_index("metric")
        held = " | ".join(f"{100 * share:.1f} %" for share in found["held"])
        print(f"| {listeners} | {worlds:,} | {held} | {found['half_width']['hit_rate']:.1f} |", flush=True)


if __name__ == "__main__":
    main()
