"""Two towers on a fashion shop: what side features, the correction, hidden layers and the objective are worth; indexes.

Two logs of H&M: the last week (the last day is asked for, the day before it chose the settings; the days before are
learned from) and two years of 1,364 customers (the last day of each customer, the one before it to choose). The task is
discovery: what the history holds is neither wanted nor answered, as candidates of what was bought before need no
network. "all": everything else that was bought; "tail": the part outside of the fifth of the catalog that sold most.
`repeats` is NDCG@10 with nothing left out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
import polars as pl

from benchmarks.data import folder
from benchmarks.figure import OURS, Figure
from benchmarks.measure import circumstances, threads, timed
from regulars.core import Dataset, Model, Recommender, Run
from regulars.evaluation import LeaveLastOut, Split, TimeSplit, compare, evaluate
from regulars.models import ItemKNN
from regulars.models.two_tower import TwoTower
from regulars.ranking import Unseen
from regulars.retrieval import Exact, Graph

K, HEAD = 10, 0.2
WEEK = TwoTower(examples="rest", epochs=2, patience=0)
YEARS = TwoTower(examples="rest", epochs=4, patience=0)
RATINGS = TwoTower(examples="rest", epochs=5, patience=0, negatives=256)
FEATURES = "with features"


@dataclass(frozen=True)
class Contest:
    """A test of discovery, the part of it that is the tail, and the test with repeats."""

    name: str
    split: Split

    @cached_property
    def all(self) -> Split:
        return self.split.explore()

    @cached_property
    def tail(self) -> Split:
        train = self.split.train
        order = np.argsort(-np.bincount(train.item, train.weight, train.n_items), kind="stable")
        head = np.isin(self.all.wanted.items, order[: round(HEAD * train.n_items)])
        wanted = self.all.wanted.where(~head)
        rows = np.flatnonzero(wanted.lengths)
        return replace(self.all, queries=self.all.queries[rows], wanted=wanted[rows], rated=wanted[rows])


def run() -> Iterator[Figure]:
    """Side features and the correction on both logs, layers and objectives, then indexes."""
    years = Contest("hm, two years", LeaveLastOut().cut(fashion("transactions_2y_1364cust")))
    yield from contest(years, variants(YEARS))
    yield from indexes()
    week = Contest("hm, last week", TimeSplit(days=1).cut(fashion("transactions_lastweek")))
    yield from contest(week, variants(WEEK))
    yield from ratings()


def variants(base: TwoTower) -> dict[str, TwoTower]:
    """The settings that were chosen, and each departure from them."""
    return {
        FEATURES: base,
        "ids only": base,
        "without logQ": replace(base, correction="none"),
        "streaming logQ": replace(base, correction="streaming"),
        "a hidden layer in each": replace(base, query_layers=1, item_layers=1),
        "purchase": replace(base, objective="purchase"),
    }


def contest(of: Contest, methods: Mapping[str, TwoTower]) -> Iterator[Figure]:
    """Every method on the same questions; differences from the first with their intervals."""
    models: dict[str, Recommender] = {}
    costs: dict[str, tuple[float, float]] = {}
    for name, method in methods.items():
        train = ids_only(of.split.train) if name == "ids only" else of.split.train
        models[name], *costs[name] = timed(partial(method.fit, train, Run(threads=threads())))
    models["item-kNN"], *costs["item-kNN"] = timed(partial(ItemKNN().fit, of.split.train))
    parts = {"all": of.all, "tail": of.tail}
    tables = {
        part: compare(models, split, k=(K,), filters=(Unseen(),)).against(FEATURES).frame()
        for part, split in parts.items()
    }
    for name, model in models.items():
        rows = {part: row_of(table, name) for part, table in tables.items()}
        quality = {f"{part} ndcg@{K}": row["mean"] for part, row in rows.items()}
        quality["repeats"] = float(evaluate(model, of.split, k=(K,)).means[f"ndcg@{K}"])
        noted = {
            **circumstances(),
            "settings": repr(methods.get(name)),
            "asked": {part: len(split) for part, split in parts.items()},
            "compared": rows,
        }
        yield Figure("two towers", of.name, name, *costs[name], quality=quality, further=noted)


def row_of(table: pl.DataFrame, name: str) -> dict[str, object]:
    """NDCG of one recommender, with its interval and its difference from the reference."""
    return table.filter((pl.col("name") == name) & (pl.col("metric") == f"ndcg@{K}")).row(0, named=True)


def ids_only(data: Dataset) -> Dataset:
    """The same log, nothing known of items and customers."""
    return replace(data, item_features=pl.DataFrame(), user_features=pl.DataFrame())


def ratings() -> Iterator[Figure]:
    """The same towers for ratings and for what is met next: ml-100k, the last tenth of the time to be foretold."""
    there = folder() / "ml-100k"
    events = pl.read_parquet(there / "ratings.parquet")
    moment = int(events["timestamp"].quantile(0.9) or 0)
    log = events.select("user_id", "item_id", time="timestamp", weight=pl.col("rating").cast(pl.Float32))
    data = Dataset.of(log)
    days = (int(data.time.max()) + 1 - moment) / 86_400
    split = TimeSplit(days=days).cut(data)
    for objective in ("retrieval", "purchase", "rating"):
        further = {"cosine": False, "temperature": 1.0} if objective == "rating" else {}
        method = replace(RATINGS, objective=objective, **further)
        model: Model
        model, seconds, cpu = timed(partial(method.fit, split.train, Run(threads=threads())))
        means = evaluate(model, split, k=(K,), filters=(Unseen(),)).means
        quality = {name: means[name] for name in (f"ndcg@{K}", "rmse") if name in means}
        noted = {**circumstances(), "settings": repr(method), "asked": len(split)}
        yield Figure("objectives", "ml-100k", objective, seconds, cpu, quality=quality, further=noted)


def indexes(n: int = 50_000, d: int = 64, asked: int = 2_000) -> Iterator[Figure]:
    """Exact and graph search in clustered vectors of uneven lengths: recall of the ten best, CPU seconds."""
    random = np.random.default_rng(0)
    centers = random.standard_normal((n // 100, d))
    vectors = centers[random.integers(len(centers), size=n)] + 0.5 * random.standard_normal((n, d))
    vectors = (vectors * random.lognormal(0, 0.5, size=(n, 1))).astype(np.float32)
    questions = centers[random.integers(len(centers), size=asked)] + 0.5 * random.standard_normal((asked, d))
    right = Exact().build(vectors).search(questions.astype(np.float32), K).items
    exact, *free = timed(partial(Exact().build, vectors))
    graph, *spent_on_it = timed(partial(Graph().build, vectors, Run(threads=1)))
    thorough = replace(graph, settings=Graph(effort=512))
    for name, index, (seconds, cpu) in (
        ("exact", exact, free),
        ("graph", graph, spent_on_it),
        ("graph, effort 512", thorough, spent_on_it),
    ):
        index.search(questions[:1].astype(np.float32), K)
        answer, _, spent = timed(partial(index.search, questions.astype(np.float32), K))
        recall = np.mean([len(set(row) & set(best)) / K for row, best in zip(answer.items, right, strict=True)])
        quality = {"recall@10": float(recall), "questions per CPU second": asked / spent}
        yield Figure("indexes", f"{n} x {d}", f"{OURS}, {name}", seconds, cpu, quality=quality, further=circumstances())


def fashion(name: str) -> Dataset:
    """A log of H&M; what a customer bought of an article on one day is one event that weighs its pieces."""
    there = folder() / "hm"
    rows = pl.read_parquet(there / f"{name}.parquet").select(
        user_id="cust", item_id="article_id", time=pl.col("t_dat").cast(pl.Datetime("us")).dt.epoch("s")
    )
    events = rows.group_by("user_id", "item_id", "time", maintain_order=True).agg(weight=pl.len().cast(pl.Float32))
    items = pl.read_parquet(there / "articles.parquet").rename({"article_id": "item_id"})
    customers = pl.read_parquet(there / "customers.parquet").rename({"cust": "user_id"}).drop("customer_id")
    return Dataset.of(
        events,
        items=items.filter(pl.col("item_id").is_in(events["item_id"].unique().implode())),
        customers=customers.filter(pl.col("user_id").is_in(events["user_id"].unique().implode())),
    )
