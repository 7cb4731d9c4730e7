"""The long tail of a fashion shop: what few have bought, found by what is known of it, in H&M's two published samples.

Who is asked: the customers of the last week's last day who had bought something in the six days before (the days before
it chose the method and its settings, each fitted on what came before it); and, with the same settings, those of the
last eight weeks of the two years of 1,364 customers, which chose nothing. What is withheld: all that they bought then;
wanted is what they had not bought before, and nowhere does it count that something was bought again. The tail: items of
at most 3 purchases in the fitting period, those without any included (8 % of the week's purchases, and 58 % of the
items that it sold); the wide tail: of at most 10 (21 %, 80 %). Candidates: in "tail" and "wide tail"
these items and no others, as the article measures items of low popularity by themselves; in "in one list", "popular"
and "all" the whole catalog. Never: what the customer has. The catalog is that of the shop, 105,542 articles; "of the
sample": only what was bought at any time in the sample, later included, so that what nobody has met is what somebody
will buy.
The vectors of texts (MiniLM, of the name and the description) and of pictures are made once and kept in
REGULARS_VECTORS, or beside the benchmarks.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.data import folder
from benchmarks.figure import Figure
from benchmarks.hm import WEEK, YEARS, shop
from benchmarks.measure import circumstances, threads, timed
from regulars.core import QUIET, Allowed, Bools, Dataset, Model, Run, floats
from regulars.evaluation import METRICS, Comparison, Judge, Measures, Split, TimeSplit
from regulars.features.encoding import encode_columns, joined
from regulars.features.picture_encoders import picture_encoder
from regulars.features.text_encoders import SentenceEncoder
from regulars.models import ALS, Content
from regulars.models.content_to_cf import ContentToCF
from regulars.models.kinds.bridge import Bridge
from regulars.models.kinds.factors import Factors
from regulars.ranking import Unseen

K, TAIL, WIDE, RESAMPLES = 10, 3, 10, 2_000
NDCG, AP = f"ndcg@{K}", f"map@{K}"
STEPS = ((0, 0), (1, 3), (4, 10), (11, 30), (31, 100), (101, 300), (301, 10**9))
TEXTS, TEXT, PICTURE = ("prod_name", "detail_desc"), "text", "picture"
PLAIN, SIMILAR, ARTICLE, OURS = "ALS", "content similarity", "the article's network", "ours"
MAPPED = ContentToCF(customers=15_000, epochs=4)
KEPT = Path(__file__).parent / ".vectors"
LASTS = {YEARS: ("hm, last eight weeks of two years", 56), WEEK: ("hm, last day", 1)}
Cost = tuple[float, float]  # seconds and CPU seconds of a fit
Method = Any  # what has a `fit`


@dataclass(frozen=True)
class Contest:
    """Questions of some days and their parts; sold: which items of the catalog were bought at any time."""

    name: str
    split: Split
    sold: Bools

    @classmethod
    def last(cls, log: str) -> "Contest":
        """Those of the end of a sample, with what is known of its items."""
        name, days = LASTS[log]
        data = described(once(shop(log, whole=True)))
        return cls(name, TimeSplit(days=days).cut(data), np.bincount(data.item, minlength=data.n_items) > 0)

    @cached_property
    def events(self) -> np.ndarray:
        """Purchases of each item in the fitting period; int64 [n_items]."""
        return np.bincount(self.split.train.item, minlength=self.split.train.n_items)

    @cached_property
    def parts(self) -> Mapping[str, Split]:
        """The questions by what is wanted and what may be answered."""
        tail, wide = self.events <= TAIL, self.events <= WIDE
        return {
            "tail": self.part(tail, alone=True),
            "tail without new items": self.part(tail & (self.events > 0), alone=True),
            "wide tail": self.part(wide, alone=True),
            "wide tail in one list": self.part(wide, alone=False),
            "popular": self.part(~wide, alone=False),
            "all": self.split.explore(),
            "tail of the sample": self.part(tail & self.sold, alone=True),
            "wide tail of the sample": self.part(wide & self.sold, alone=True),
        }

    def part(self, items: Bools, *, alone: bool) -> Split:
        """Who wants any of these items, and nothing else is wanted; alone: nothing else may be answered."""
        split = self.split.explore()
        split = split.wanting(items[split.wanted.items], f"{items.sum()} items")
        return replace(split, candidates=Allowed(items[np.newaxis])) if alone else split


@dataclass(frozen=True)
class Article:
    """What few have bought stands where the network says, all else where behavior has it; no gate."""

    network: ContentToCF

    def fit(self, data: Dataset, run: Run = QUIET) -> Factors:
        bridge = self.network.fit(data, run).encoder
        if not isinstance(bridge, Bridge):
            raise TypeError(f"content_to_cf reads histories by a bridge, not by {type(bridge).__name__}")
        told, own = bridge.content.vectors(data.item_features), bridge.own()
        few = (np.bincount(data.item, minlength=data.n_items) <= WIDE) & ~np.isnan(told[:, 0])
        return Factors("article", data.n_items, floats(np.where(few[:, np.newaxis], told, own)), bridge.reader.encoder)


def run() -> Iterator[Figure]:
    """The contenders, then what texts, pictures and attributes are worth by themselves, at the end of each sample."""
    for log in LASTS:
        contest = Contest.last(log)
        models, costs = fitted(methods(), contest.split.train)
        yield from contenders(contest, models, costs)
        yield from ablation(contest, models[OURS], costs[OURS])


def once(data: Dataset) -> Dataset:
    """Only the first purchase of each item by each customer: here all is discovery, and the gate may know it."""
    _, first = np.unique(data.user.astype(np.int64) * data.n_items + data.item, return_index=True)
    return data.where(np.sort(first))


def methods() -> dict[str, Method]:
    """The contenders, with the settings that the day before chose."""
    return {
        PLAIN: ALS(),
        SIMILAR: Content(columns=(*attributes(), *TEXTS)),
        "ridge map": ContentToCF(mapping="ridge"),
        ARTICLE: Article(ContentToCF(mapping="mse", layers=1, least=WIDE + 1)),
        OURS: MAPPED,
    }


def contenders(contest: Contest, models: Mapping[str, Model], costs: Mapping[str, Cost]) -> Iterator[Figure]:
    """Quality of each on each part, with the factors over ALS and over the article's network."""
    compared = judged(models, contest.parts)
    counts = by_count(models, contest)
    for name in models:
        quality = {
            f"{part}, {metric}": mean(of, name, metric) for part, of in compared.items() for metric in (NDCG, AP)
        }
        noted = {
            **circumstances(),
            "settings": repr(methods()[name]),
            "asked": {part: len(split) for part, split in contest.parts.items()},
            "items": {str(most): int((contest.events <= most).sum()) for most in (TAIL, WIDE, max(contest.events))},
            "intervals": {part: interval(of, name) for part, of in compared.items()},
            "by purchases": counts[name],
            "decided": getattr(getattr(getattr(models[name], "encoder", None), "decision", None), "words", ""),
        }
        if name == OURS:
            noted["factors"] = {
                f"{part}, {metric}, over {other}": factor(of, name, other, metric)
                for part, of in compared.items()
                for metric in (NDCG, AP)
                for other in (PLAIN, ARTICLE, SIMILAR)
            }
        yield Figure("long tail", contest.name, name, *costs[name], quality=quality, further=noted)


def ablation(contest: Contest, whole: Model, cost: Cost) -> Iterator[Figure]:
    """Ours, knowing nothing of the items but texts, pictures or attributes, beside the whole that knows all."""
    columns = {
        "texts": (*TEXTS, f"{TEXT}_vector"),
        "pictures": (f"{PICTURE}_vector",),
        "attributes": attributes(),
    }
    models, costs = fitted(
        {name: replace(MAPPED, item_columns=some) for name, some in columns.items()}, contest.split.train
    )
    models["all"], costs["all"] = whole, cost
    compared = judged(models, contest.parts)
    for name in models:
        quality = {
            f"{part}, {metric}": mean(of, name, metric) for part, of in compared.items() for metric in (NDCG, AP)
        }
        noted = {
            **circumstances(),
            "intervals": {part: interval(of, name) for part, of in compared.items()},
            "share of all": {part: factor(of, name, "all", NDCG) for part, of in compared.items()},
        }
        yield Figure("long tail, what is known", contest.name, name, *costs[name], quality=quality, further=noted)


def fitted(methods: Mapping[str, Method], data: Dataset) -> tuple[dict[str, Model], dict[str, Cost]]:
    """The models, and the seconds and CPU seconds of each fit."""
    models: dict[str, Model] = {}
    costs = {}
    for name, method in methods.items():
        models[name], *spent = timed(partial(method.fit, data, Run(threads=threads())))
        costs[name] = (spent[0], spent[1])
    return models, costs


def judged(models: Mapping[str, Model], parts: Mapping[str, Split]) -> dict[str, Comparison]:
    """The same questions for every model, part by part."""
    return {part: asked(models, split) for part, split in parts.items()}


def asked(models: Mapping[str, Model], split: Split) -> Comparison:
    """The two figures of every model, and no others."""
    one = Judge(split, (K,), Measures({name: METRICS[name] for name in ("ndcg", "map")}, {}, {}, ()))
    return Comparison({name: one.evaluate(model, filters=(Unseen(),)) for name, model in models.items()})


def by_count(models: Mapping[str, Model], contest: Contest) -> dict[str, dict[str, float]]:
    """NDCG of each model for wanted items of so many purchases, with all items of as many as candidates."""
    found: dict[str, dict[str, float]] = {name: {} for name in models}
    for low, high in STEPS:
        split = contest.part((contest.events >= low) & (contest.events <= high), alone=True)
        if len(split):
            of = asked(models, split)
            for name in models:
                found[name][f"{low}-{min(high, max(contest.events))}"] = mean(of, name, NDCG)
    return found


def mean(of: Comparison, name: str, metric: str) -> float:
    """Over all who are asked."""
    return float(np.nanmean(of.evaluations[name].figures[metric]))


def interval(of: Comparison, name: str) -> list[float]:
    """The 95 % interval of NDCG, and that of its difference from ALS or from the last of the models."""
    reference = PLAIN if PLAIN in of.evaluations else list(of.evaluations)[-1]
    row = of.against(reference).frame().filter((pl.col("name") == name) & (pl.col("metric") == NDCG)).row(0, named=True)
    return [round(float(row[end]), 4) for end in ("low", "high", "difference_low", "difference_high")]


def factor(of: Comparison, name: str, other: str, metric: str) -> list[float | None]:
    """How many times the mean of another one's figures, and the 95 % interval over resampled customers; None: no end,
    as the other one has nothing."""
    ours, theirs = (np.nan_to_num(of.evaluations[one].figures[metric]).astype(np.float64) for one in (name, other))
    random = np.random.default_rng(0)
    picks = random.integers(len(ours), size=(RESAMPLES, len(ours)))
    own, others = (np.append(figures.sum(), figures[picks].sum(1)) for figures in (ours, theirs))
    times = np.divide(own, others, out=np.full(len(own), np.inf), where=others > 0)
    found = (times[0], *np.quantile(times[1:], (0.025, 0.975), method="nearest"))
    return [round(float(x), 2) if np.isfinite(x) else None for x in found]


def attributes() -> tuple[str, ...]:
    """The columns of the articles that are neither texts nor ids."""
    columns = pl.read_parquet_schema(folder() / "hm" / "articles.parquet")
    return tuple(name for name in columns if name not in ("article_id", *TEXTS))


def described(data: Dataset) -> Dataset:
    """The same shop, its items with the vectors of their texts and pictures."""
    place = folder() / "hm"
    articles = pl.DataFrame({"article_id": list(data.items.ids)})
    pictures = articles.join(
        pl.scan_parquet(place / "images_96x144.parquet").rename({"jpeg_96x144": PICTURE}).collect(),
        on="article_id",
        how="left",
        maintain_order="left",
    )
    table = data.item_features.with_columns(joined(data.item_features, TEXTS, TEXT), pictures[PICTURE])
    encoders = {TEXT: SentenceEncoder(), PICTURE: picture_encoder()}
    kept = Path(os.environ.get("REGULARS_VECTORS", KEPT))
    encoded, _ = encode_columns(table, encoders, cache=kept)
    return replace(data, item_features=encoded.drop(TEXT, PICTURE))
