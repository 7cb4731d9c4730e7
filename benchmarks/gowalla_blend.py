"""Quality on gowalla of a learned blend: BSPM, ALS and item-kNN, on test; nothing was chosen for the blend.

The lists of the file stand in the order of the visits, and the test items behave like later ones
(docs/explanation/spectral.md). So the lesson is the last 12 % of each training list, the pairs of `valid` left out; the
methods are then fitted on train + valid. Their settings are those chosen for them alone, BSPM's with such late
ends beside `valid`.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import polars as pl

from benchmarks.data import frame, quality
from benchmarks.figure import OURS, Figure
from benchmarks.gowalla import DATA, METHODS, K
from benchmarks.measure import circumstances, threads, timed
from benchmarks.shops import TRAIN, Shop, wanted
from regulars.core import Run
from regulars.ranking import LearnedBlend, Lesson, Pipeline, Unseen

LATE = 0.12  # of each list
PARTS = replace(METHODS["bspm"], smooth=0.4, sharpening=2.0), METHODS["als"], METHODS["item_knn"]


def run() -> Iterator[Figure]:
    """The blend, beside the best published figures."""
    shop, target = Shop.of(DATA), wanted(DATA, "test")
    blend, seconds, cpu_seconds = timed(lambda: learned(shop))
    found = quality(shop.lists(blend, K), target)
    noted = {**circumstances(), "parts": repr(PARTS)}
    yield Figure("quality, learned blend", DATA, OURS, seconds, cpu_seconds, quality=found, further=noted)
    best = {f"recall@{K}": 0.1920, f"ndcg@{K}": 0.1617}
    yield Figure("quality, learned blend", DATA, "BSPM-EM / NESCL, published", quality=best)


def learned(shop: Shop) -> Pipeline:
    """The blend of all that is known, as the last part of the lists teaches it."""
    circumstance, past = Run(threads=threads()), lesson()
    method = LearnedBlend(PARTS, filters=(Unseen(),))
    early = [part.fit(past.before, circumstance) for part in PARTS]
    final = [part.fit(shop.data, circumstance) for part in PARTS]
    return method.blend(past, early, final, shop.data, circumstance)


def lesson() -> Lesson:
    """The training lists without their ends, and the ends."""
    train = Shop.of(DATA, TRAIN).data
    place = pl.int_range(pl.len()).over("user_id") / pl.len().over("user_id")
    late = frame(DATA).filter(pl.col("split") == "train").filter(place >= 1 - LATE)
    ends = late["user_id"].to_numpy().astype(np.int64) * train.n_items + late["item_id"].to_numpy()
    before = train.where(~np.isin(train.user.astype(np.int64) * train.n_items + train.item, ends))
    users = np.intersect1d(late["user_id"].to_numpy(), np.flatnonzero(np.diff(before.starts))).astype(np.int32)
    rows = np.full(train.n_users, -1, dtype=np.int64)
    rows[users] = np.arange(len(users))
    asked = rows[ends // train.n_items]
    kept = asked >= 0
    return Lesson(before, before.queries(users, 1), np.sort(asked[kept] * train.n_items + ends[kept] % train.n_items))
