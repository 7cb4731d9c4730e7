"""Two stages: what ranking by trees or by DCN-v2 adds to retrieval alone, on The Complete Journey and on H&M.

The Complete Journey: the demo's test, its last four weeks; the sources and the weights of their fusion are the demo's.
H&M: the last day of the sample's week, for the customers who had bought something in the six days before.
The settings were chosen on the period before the test; the rankers' lessons lie before the test, too.
"""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.figure import OURS, Figure
from benchmarks.hm import shop
from benchmarks.measure import circumstances, threads, timed
from regulars.core import Run
from regulars.evaluation import Comparison, TimeSplit, compare
from regulars.models import ALS, Content, ItemKNN, Personal, Popularity
from regulars.ranking import DeepRanker, RankFusion, TreeRanker, TwoStage

SHOWN = ("ndcg@10", "recall@10", "hit_rate@10")
SOURCES = {
    "personal": Personal(),
    "item_knn": ItemKNN(),
    "content": Content(),
    "als": ALS(factors=64),
    "popularity": Popularity(half_life_days=1.0),
}
RANKERS = {"trees": TreeRanker(), "dcn": DeepRanker()}
FUSED = ("personal", "item_knn", "content", "popularity")


def run() -> Iterator[Figure]:
    """Each source, their fusion and the pipelines, with the differences to the best source and to the fusion."""
    yield from journey()
    yield from week()


def journey() -> Iterator[Figure]:
    """The demo's shop, as its regulars.toml would say it."""
    from regulars.cli.contest import judged
    from regulars.cli.demos import laid_out
    from regulars.cli.periods import splits
    from regulars.cli.project import Project
    from regulars.config import PipelineTable

    with tempfile.TemporaryDirectory() as scratch:
        project, one = Project.open(laid_out(Path(scratch))), Run(threads=threads())
        fusion = project.config.blends["blend"]
        # 2,000 lists are too few to learn what each type and maker is worth: without them, DCN-v2 was better
        read = {"trees": {}, "dcn": {"features": ("recency", "groups", "price")}}
        for ranker, settings in read.items():
            project.config.pipelines[ranker] = PipelineTable(sources=fusion.of, ranker=ranker, **settings)
        _, test = splits(project, project.prepared(one))
        _, comparison = judged(project, test, (*fusion.of, "blend", *RANKERS), one)
    yield from _figures(comparison, "The Complete Journey", "personal", "blend")


def week() -> Iterator[Figure]:
    """H&M's last day; three lessons of the days before."""
    test, one = TimeSplit(days=1).cut(shop()), Run(threads=threads())
    stage = TwoStage(tuple(SOURCES.values()), lessons=3, share=0.25)
    past = stage.past(test.train, one)
    early = [[method.fit(lesson.before, one) for method in stage.of] for lesson in past]
    contenders: dict[str, Any] = {name: method.fit(test.train, one) for name, method in SOURCES.items()}
    final, costs = list(contenders.values()), {}
    contenders["fusion"] = RankFusion(tuple(contenders[name] for name in FUSED))
    for name, ranker in RANKERS.items():
        learning = TwoStage(stage.of, ranker, lessons=stage.lessons, share=stage.share)
        contenders[name], *spent = timed(lambda m=learning: m.learned(past, early, final, test.train, one))  # type: ignore[misc]
        costs[name] = dict(zip(("fit_seconds", "fit_cpu_seconds"), spent, strict=True))
    comparison = compare(contenders, test, k=(10,), run=one)
    yield from _figures(Comparison(comparison.evaluations, costs=costs), "H&M, last day", "content", "fusion")


def _figures(comparison: Comparison, data: str, single: str, fusion: str) -> Iterator[Figure]:
    beside = {name: comparison.against(name).frame().to_dicts() for name in (single, fusion)}
    for name in comparison.evaluations:
        rows = {who: {row["metric"]: row for row in table if row["name"] == name} for who, table in beside.items()}
        noted = {f"against {who}": _told(found[SHOWN[0]]) for who, found in rows.items() if who != name}
        cost = comparison.costs.get(name, {})
        yield Figure(
            f"pipeline, {name}",
            data,
            OURS,
            seconds=cost.get("fit_seconds"),
            cpu_seconds=cost.get("fit_cpu_seconds"),
            quality={metric: round(rows[fusion][metric]["mean"], 4) for metric in SHOWN},
            further={**circumstances(), "interval": _interval(rows[fusion][SHOWN[0]]), **noted},
        )


def _interval(row: Mapping[str, Any]) -> list[float]:
    return [round(row["low"], 4), round(row["high"], 4)]


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    """The difference, its 95 % interval, p (Holm) and the verdict."""
    numbers = {name: row[name] for name in ("difference", "difference_low", "difference_high", "p")}
    return {name: value and round(value, 4) for name, value in numbers.items()} | {"verdict": row["verdict"]}
