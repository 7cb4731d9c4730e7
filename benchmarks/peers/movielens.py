"""ml-100k as LightFM's documentation splits it, its precision, and LensKit's FlexMF, whose interpreter reads it."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

FIRST = {"ua": 0, "ub": 10}  # ratings of each user before the 10 that are wanted, in the order of the file
K = 10

Lists = dict[int, list[int]]
Prepared = tuple[Callable[[], Any], Callable[[Any], dict[str, float]]]


def known_and_wanted(split: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """user_id and item_id of what a model may know and of what it must find."""
    ratings = pl.read_parquet(Path(os.environ["REGULARS_DATA"]) / "ml-100k" / "ratings.parquet")
    place = pl.col("user_id").cum_count().over("user_id") - FIRST[split]
    wanted = (place >= 1) & (place <= K)
    events = ratings.select("user_id", "item_id", wanted.alias("wanted"))
    return events.filter(~pl.col("wanted")).drop("wanted"), events.filter("wanted").drop("wanted")


def precision(known: pl.DataFrame, wanted: pl.DataFrame, everything: Lists, new: Lists) -> dict[str, float]:
    """Precision@10 of lists of all items on train and test, as LightFM has it; precision and NDCG of what is new."""
    train, test = _sets(known), _sets(wanted)
    gains = 1 / np.log2(np.arange(2, K + 2))
    hits = np.array([[item in test[user] for item in new[user]] for user in test])
    ideal = np.array([gains[: min(K, len(items))].sum() for items in test.values()])
    return {
        "train": _share(everything, train),
        "test": _share(everything, test),
        "precision@10 of the new": float(hits.mean()),
        "ndcg@10 of the new": float((hits @ gains / ideal).mean()),
    }


def flexmf(split: str, settings: dict[str, Any]) -> Prepared:
    """FlexMF for implicit feedback with these settings, its others by default."""
    from lenskit.data import ItemList, from_interactions_df  # type: ignore[import-not-found]
    from lenskit.flexmf import FlexMFImplicitScorer  # type: ignore[import-not-found]
    from lenskit.training import TrainingOptions  # type: ignore[import-not-found]

    known, wanted = known_and_wanted(split)
    data, seen = from_interactions_df(known.to_pandas()), _sets(known)
    items = known["item_id"].unique().sort().to_numpy()

    def work() -> Any:
        model = FlexMFImplicitScorer(**settings)
        model.train(data, TrainingOptions(rng=0))
        return model

    def judge(model: Any) -> dict[str, float]:
        everything, new = {}, {}
        for user in seen:
            scores = np.asarray(model(query=user, items=ItemList(item_ids=items)).scores())
            ranked = items[np.argsort(-scores, kind="stable")].tolist()
            everything[user] = ranked[:K]
            new[user] = [item for item in ranked if item not in seen[user]][:K]
        return precision(known, wanted, everything, new)

    return work, judge


def _sets(events: pl.DataFrame) -> dict[int, set[int]]:
    return {user: set(items) for user, items in events.group_by("user_id", maintain_order=True).agg("item_id").rows()}


def _share(lists: Lists, sets: dict[int, set[int]]) -> float:
    return float(np.mean([[item in items for item in lists[user]] for user, items in sets.items()]))
