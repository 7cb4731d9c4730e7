"""The coming four weeks at The Complete Journey: two stages that know what is due, and favorite categories.

Goods on the shelf; wanted is everything that a customer buys in the last 4 whole weeks of the year, old or new to them.
Settings were chosen on the 4 weeks before, where every way was asked; the test is asked once. The ranker learns from
two lessons of 4 weeks, by sources that were fitted on what was before each. Repeat and explore: the part found of what
the customer had before, and of what is new to them, each among those who bought any of it. Candidates: the part of what
was wanted that the sources propose at all.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from benchmarks.figure import OURS, Figure
from benchmarks.measure import circumstances, kept, threads
from benchmarks.next_basket import judged
from benchmarks.repurchase import asked_at, shop
from regulars.core import DAY, Allowed, Dataset, Floats, Histories, Queries, Run, floats
from regulars.evaluation.significance import intervals, paired_p
from regulars.marketing.repurchase import BoughtAgain, Hazard, Recurrent
from regulars.models import ALS, TIFUKNN, CategoryPopularity, ItemKNN, Personal, Popularity
from regulars.ranking import Pipeline, TreeRanker, TwoStage
from regulars.ranking.pipeline import best_of

WEEKS = 4
SHOWN = ("NDCG@10", "recall@10", "repeat@10", "explore@10")
SOURCES: Mapping[str, Any] = {
    "personal": Personal(),
    "TIFU-kNN": TIFUKNN(),
    "item-kNN": ItemKNN(),
    "ALS of 90 days": ALS(factors=64, half_life_days=90.0, rule="count"),
    "popularity of 28 days": Popularity(half_life_days=28.0),
    "hazard": BoughtAgain(Hazard(gaps="weibull"), weeks=WEEKS),
    "LSTM": BoughtAgain(Recurrent(), weeks=WEEKS),
    "favorite category": CategoryPopularity(),
}
BASE = tuple(SOURCES)[:5]
WAYS: Mapping[str, tuple[str, ...]] = {
    "two stages": BASE,
    "two stages, LSTM": (*BASE, "LSTM"),
    "two stages, favorite category": (*BASE, "favorite category"),
    "two stages, LSTM and favorite category": (*BASE, "LSTM", "favorite category"),
}
RANKER = TreeRanker(trees=180, rate=0.05, patience=0)
FEATURES = ("recency", "groups", "price", "items", "customers", "rhythm")


def run() -> Iterator[Figure]:
    """Each source alone, then the ways to put them together, on the test weeks."""
    yield from period(WEEKS)


def period(back: int) -> Iterator[Figure]:
    """The four weeks that begin `back` weeks before the end of the year; 8 are the validation weeks."""
    data, one = shop(), Run(threads=threads())
    moment = asked_at(data, back)
    before = data.before(moment)
    queries, wanted = asked(data, moment)
    past = _stage(BASE).past(before, one)
    fitted = {name: _fitted(name, f"{back}-now", before) for name in SOURCES}
    early = {
        name: [_fitted(name, f"{back}-{place}", lesson.before)[0] for place, lesson in enumerate(past)]
        for name in set().union(*WAYS.values())
    }
    for name, (model, seconds, cpu) in fitted.items():
        items = model.recommend(queries, 20, Allowed()).items
        yield _figure(f"{name} alone, fitted", figures(items, queries, wanted), (seconds, cpu))
    base: Floats | None = None
    for way, names in WAYS.items():
        final = [fitted[name][0] for name in names]
        lessons = [[early[name][place] for name in names] for place in range(len(past))]
        learn = partial(_stage(names).learned, past, lessons, final, before, one)
        pipeline, seconds, cpu = kept(f"next-weeks-{back}-{way}", learn)
        items, proposed = answered(pipeline, queries)
        told = figures(items, queries, wanted)
        base = told if base is None else base
        yield _figure(way, told, (seconds, cpu), base, reached(proposed, queries, wanted, before.n_items))


def _fitted(name: str, when: str, data: Dataset) -> tuple[Any, float, float]:
    return kept(f"next-weeks-{when}-{name}", partial(SOURCES[name].fit, data, Run(threads=threads())))


def asked(data: Dataset, moment: int) -> tuple[Queries, Histories]:
    """Whoever bought something before and in the weeks after, and the different items that they bought then."""
    users = np.unique(data.user[data.time < moment]).astype(np.int32)
    later = (data.time >= moment) & (data.time < moment + WEEKS * 7 * DAY) & (data.weight > 0)
    bought = data.where(later).histories()[users]
    back = np.flatnonzero(bought.lengths)
    bought = bought[back]
    keys = np.unique(bought.rows.astype(np.int64) * data.n_items + bought.items)
    ends = np.cumsum(np.bincount(keys // data.n_items, minlength=len(back)))[:-1]
    return data.queries(users[back], moment), Histories.of(np.split((keys % data.n_items).astype(np.int32), ends))


def figures(items: np.ndarray, queries: Queries, wanted: Histories) -> Floats:
    """SHOWN for each customer; NaN where they wanted nothing of the kind. The ideal of NDCG is a list of ten."""
    told = judged(items, queries, wanted)
    gains = np.cumsum(1 / np.log2(np.arange(2, 2 + int(wanted.lengths.max()))))
    told["NDCG@10"] = told["ndcg@10"] * gains[wanted.lengths - 1] / gains[np.minimum(wanted.lengths, 10) - 1]
    return floats(np.column_stack([told[name] for name in SHOWN]))


def answered(pipeline: Pipeline, queries: Queries) -> tuple[np.ndarray, np.ndarray]:
    """What `recommend` answers, [n, 20], and the keys row * n_items + item of all candidates, which are made once."""
    lists, keys = [], []
    for start in range(0, len(queries), 100):
        pairs, table = pipeline.candidates(queries[start : start + 100], 20)
        lists.append(best_of(pairs, pipeline.ranker.score(table), 20, ()).items)
        keys.append((pairs.rows + start) * pipeline.sources[0].n_items + pairs.items)
    return np.concatenate(lists), np.concatenate(keys)


def reached(proposed: np.ndarray, queries: Queries, wanted: Histories, width: int) -> dict[str, float]:
    """The part of what each customer wanted that is among the candidates: all, repeats, what is new."""
    own = np.unique(queries.history.rows.astype(np.int64) * width + queries.history.items)
    keys = wanted.rows.astype(np.int64) * width + wanted.items
    hits, old = np.isin(keys, proposed), np.isin(keys, own)
    told = {"candidates": round(len(proposed) / len(queries), 1)}
    for name, some in {"all": np.ones(len(keys), dtype=bool), "repeat": old, "explore": ~old}.items():
        sums = np.bincount(wanted.rows[some], hits[some], len(queries))
        counts = np.bincount(wanted.rows[some], minlength=len(queries))
        told[f"candidates, {name}"] = round(float((sums / np.maximum(counts, 1))[counts > 0].mean()), 4)
    return told


def _stage(names: Sequence[str]) -> TwoStage:
    return TwoStage(tuple(SOURCES[name] for name in names), RANKER, FEATURES, lessons=2, share=0.09)


def _figure(
    task: str,
    told: Floats,
    spent: tuple[float, float],
    base: Floats | None = None,
    reach: Mapping[str, float] | None = None,
) -> Figure:
    """Means, and against the base the paired difference with its standard error and p."""
    ends = intervals(told)
    quality: dict[str, float] = dict(reach or {})
    for column, name in enumerate(SHOWN):
        quality[name] = round(float(np.nanmean(told[:, column])), 4)
        low, high = (round(float(end), 4) for end in ends[column])
        quality |= {f"{name}, low": low, f"{name}, high": high}
        if base is not None and base is not told:
            apart = told[:, column] - base[:, column]
            quality[f"{name}, to two stages"] = round(float(np.nanmean(apart)), 5)
            quality[f"{name}, error of that"] = round(float(np.nanstd(apart) / np.isfinite(apart).sum() ** 0.5), 5)
            quality[f"{name}, p"] = float(f"{paired_p(told - base)[column]:.2g}")
    data = f"The Complete Journey, {WEEKS} weeks"
    return Figure(task, data, OURS, spent[0], spent[1], quality=quality, further=circumstances())
