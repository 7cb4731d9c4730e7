"""Baskets: what completes one and what goes together (association rules), and what the next one holds (naive Bayes).

Completing, The Complete Journey: learned from the baskets before the last four weeks; of 10,000 later baskets of two
goods or more, one item at random is hidden and the rest is asked about. Chosen on the four weeks before.
Next, tafeng: everybody's last basket. Chosen on the last basket but one.
Strangers, ml-1m: a fifth of the customers, of whom nothing but three attributes is known.
Complements, amazon-grocery: the 10 items most bought together beside those that the shop itself names: the part of
the answers that it names too, for the items of which everybody can tell.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from benchmarks.data import folder
from benchmarks.figure import Figure
from benchmarks.measure import circumstances, threads, timed
from regulars.core import DAY, MISSING, Dataset, Estimator, Histories, Queries, Run, ints
from regulars.data.demo import complete_journey
from regulars.evaluation import Split, evaluate
from regulars.models import AssociationRules, ItemKNN, NaiveBayes, Personal, Popularity

K, WEEK, N = 10, 7 * DAY, 10_000

COMPLETING: Mapping[str, Estimator[Any]] = {
    "popularity": Popularity(),
    "rules, support": AssociationRules("support"),
    "rules, confidence": AssociationRules("confidence"),
    "rules, lift": AssociationRules("lift"),
    "rules, conviction": AssociationRules("conviction"),
}
NEXT: Mapping[str, Estimator[Any]] = {
    "popularity": Popularity(),
    "personal": Personal(),
    "naive Bayes, textbook": NaiveBayes(damping=0.0),
    "naive Bayes": NaiveBayes(),
    "naive Bayes, damping 1": NaiveBayes(damping=1.0),
}


STRANGERS: Mapping[str, Estimator[Any]] = {"popularity": Popularity(), "naive Bayes": NaiveBayes()}
TOGETHER: Mapping[str, Estimator[Any]] = {
    "rules, lift": AssociationRules("lift", within="customer", min_baskets=3),
    "rules, confidence": AssociationRules("confidence", within="customer", min_baskets=3),
    "item-kNN": ItemKNN(),
}


def run() -> Iterator[Figure]:
    """Completing, next, strangers, complements."""
    data, split = completing(weeks=0)
    yield from _figures("complete the basket", "The Complete Journey", COMPLETING, data, split)
    data, split = following(back=0)
    yield from _figures("next basket", "tafeng", NEXT, data, split)
    data, split = strangers()
    yield from _figures("strangers by attributes", "ml-1m", STRANGERS, split.train, split)
    yield from complements()


def completing(weeks: int) -> tuple[Dataset, Split]:
    """The log until four weeks before its end less `weeks`, and baskets of the four weeks after, one item hidden."""
    shop = complete_journey()
    events = shop.events.select("user_id", "item_id", "session", time=pl.col("timestamp").dt.epoch("s"))
    end = int(events["time"].max()) + 1 - weeks * WEEK
    data = Dataset.of(events.filter(pl.col("time") < end - 4 * WEEK))
    later = events.filter(pl.col("time").is_between(end - 4 * WEEK, end, closed="left"))
    lines = later.unique(["session", "item_id"], maintain_order=True)
    known = lines.with_columns(item=data.items.index(lines["item_id"])).filter(pl.col("item") >= 0)
    held = known.group_by("session", maintain_order=True).agg("item").filter(pl.col("item").list.len() > 1)
    random = np.random.default_rng(0)
    baskets = [random.permutation(basket) for basket in held["item"].sample(min(N, held.height), seed=0).to_list()]
    n, now = len(baskets), int(data.time.max()) + 1
    rest = Histories.of([basket[1:] for basket in baskets])
    queries = Queries(np.full(n, MISSING, np.int32), Histories.none(n), np.full(n, now), rest)
    return data, Split("baskets with one item hidden", data, queries, Histories.of([basket[:1] for basket in baskets]))


def following(back: int) -> tuple[Dataset, Split]:
    """Everybody's baskets before the last but `back`, a day apart, and that basket."""
    events = pl.read_parquet(folder() / "tafeng-nbr" / "baskets.parquet").with_columns(
        left=pl.col("basket_no").max().over("user_id") - pl.col("basket_no"),
        time=pl.col("basket_no").cast(pl.Int64) * DAY,
    )
    data = Dataset.of(events.filter(pl.col("left") > back).select("user_id", "item_id", "time"))
    baskets = events.filter(pl.col("left") == back).group_by("user_id", maintain_order=True).agg("item_id")
    users, catalog = data.users.index(baskets["user_id"]), data.items.extended(events["item_id"])
    wanted = Histories.of([catalog.index(items) for items in baskets["item_id"].filter(users >= 0)])
    queries = data.queries(users[users >= 0], int(data.time.max()) + DAY)
    return data, Split("the next basket", data, queries, wanted)


def strangers() -> tuple[Dataset, Split]:
    """The log of four in five customers; of the others age, sex and occupation are told, and nothing that they saw."""
    events = pl.read_parquet(folder() / "ml-1m" / "interactions.parquet")
    people = pl.read_parquet(folder() / "ml-1m" / "users.parquet").select(
        "user_id", "age", "gender", occupation=pl.col("occupation").cast(pl.String)
    )
    data = Dataset.of(events.select("user_id", item_id="movie_id", time="time_rank"), customers=people)
    new = np.random.default_rng(0).random(data.n_users) < 0.2
    users, now = np.flatnonzero(new).astype(np.int32), int(data.time.max()) + 1
    asked = data.queries(users, now)
    queries = Queries.of(Histories.none(len(users)), times=now, attributes=asked.attributes)
    return data, Split("strangers", data.where(~new[data.user]), queries, asked.history)


def complements() -> Iterator[Figure]:
    """Similar items beside the lists of the shop's pages, for items that have one and an answer."""
    there = folder() / "amazon-grocery-rechorus"
    data = Dataset.of(pl.read_parquet(there / "train.parquet"))
    pages = pl.read_parquet(there / "item_meta.parquet").select(
        "item_id", named=pl.col("r_complement").str.extract_all(r"\d+").list.eval(pl.element().cast(pl.Int64))
    )
    items = data.items.index(pages["item_id"])
    pages = pages.filter((items >= 0) & (pages["named"].list.len() > 0).to_numpy())
    named = {int(data.items.index([row[0]])[0]): set(data.items.index(row[1]).tolist()) for row in pages.rows()}
    asked = ints(sorted(named))
    fits = {peer: timed(partial(one.fit, data, Run(threads=threads()))) for peer, one in TOGETHER.items()}
    answers = {peer: model.similar_items(asked, K).items for peer, (model, _, _) in fits.items()}
    told = np.all([(found >= 0).any(axis=1) for found in answers.values()], axis=0)
    for peer, (_, seconds, cpu) in fits.items():
        rows = zip(asked[told].tolist(), answers[peer][told], strict=True)
        hits = sum(len(named[item] & set(row.tolist())) for item, row in rows)
        quality = {f"precision@{K}": hits / max(1, int((answers[peer][told] >= 0).sum()))}
        noted = {**circumstances(), "settings": repr(TOGETHER[peer]), "asked": int(told.sum()), "of": len(asked)}
        yield Figure("complements", "amazon-grocery", peer, seconds, cpu, quality=quality, further=noted)


def _figures(
    task: str, name: str, methods: Mapping[str, Estimator[Any]], data: Dataset, split: Split
) -> Iterator[Figure]:
    for peer, method in methods.items():
        model, seconds, cpu = timed(partial(method.fit, data, Run(threads=threads())))
        found = evaluate(model, split, k=(K,)).means
        quality = {f"{figure}@{K}": found[f"{figure}@{K}"] for figure in ("recall", "precision", "ndcg")}
        noted = {**circumstances(), "settings": repr(method), "asked": len(split)}
        yield Figure(task, name, peer, seconds, cpu, quality=quality, further=noted)
