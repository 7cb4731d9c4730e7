"""Combining on The Complete Journey: the demo's methods alone, fused by rank, and blended by what was learned.

The test is the demo's: the last four weeks, every household, whole catalog, goods on the shelf. The settings of the
methods and the weights of the rank fusion were chosen on the four weeks before; the learned blends have their defaults
and choose nothing: their lesson is the newest tenth of what they may know.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.figure import OURS, Figure
from benchmarks.measure import circumstances

LEARNERS = ("linear", "trees")
SHOWN = ("ndcg@10", "recall@10", "hit_rate@10")


def run() -> Iterator[Figure]:
    """Each part, the fusion and the learned blends, with the difference to the fusion and its p value."""
    from regulars.cli.contest import judged
    from regulars.cli.demos import laid_out
    from regulars.cli.periods import splits
    from regulars.cli.project import Project
    from regulars.config import BlendTable
    from regulars.core import QUIET

    with tempfile.TemporaryDirectory() as scratch:
        project = Project.open(laid_out(Path(scratch)))
        fusion = project.config.blends["blend"]
        for learner in LEARNERS:
            project.config.blends[learner] = BlendTable(of=fusion.of, learner=learner)
        _, test = splits(project, project.prepared(QUIET))
        _, comparison = judged(project, test, (*fusion.of, *project.config.blends), QUIET)
    rows = comparison.against("blend").frame().to_dicts()
    for name in comparison.evaluations:
        yield _figure(name, {row["metric"]: row for row in rows if row["name"] == name}, comparison.costs[name])


def _figure(name: str, rows: dict[str, Any], cost: Any) -> Figure:
    told = rows[SHOWN[0]]
    noted = {"against the fusion": told["difference"], "p": told["p"], "verdict": told["verdict"]}
    return Figure(
        f"combining, {name}",
        "The Complete Journey",
        OURS,
        seconds=cost["fit_seconds"],
        cpu_seconds=cost["fit_cpu_seconds"],
        quality={metric: round(rows[metric]["mean"], 4) for metric in SHOWN},
        further={**circumstances(), **noted},
    )
