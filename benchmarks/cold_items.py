"""Items that nobody has met, in one list with all others: citeulike-a by tags, The Complete Journey, a simulated shop.

The protocol of GAR and ALDI: a fifth of the items is withheld with all events, one half of them for validation, one for
test; of the other pairs 8:1:1 are known, for validation and for test; a pair whose customer or item would not be known
otherwise is known. "cold" ranks all withheld items, "warm" all others, "overall" everything, for those who wanted of
both; whatever else a customer has is never answered. Recall@20 and NDCG@20 of the first 2,000 customers asked, means
over three splits. The published figures read vectors of the articles' texts, we their tags: the content is another.
The Complete Journey the same way, one split: each household's products, by department, type, brand, maker and size.
The simulated shop: the true tastes of the ten items most similar to each of those that nobody has met.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from benchmarks.content import citeulike
from benchmarks.figure import OURS, Figure
from benchmarks.measure import circumstances, threads, timed
from regulars.core import Allowed, Bools, Dataset, Frame, Histories, Run, starts_of
from regulars.data.demo import complete_journey
from regulars.data.simulate import ShopSettings, simulate
from regulars.evaluation import Split, evaluate
from regulars.models import ALS, Content, ContentToCF, Popularity

K, ASKED, SEEDS = 20, 2_000, (0, 1, 2)
BASE = ("factors = 200", "unobserved_weight = 0.03")
CONTENDERS: Mapping[str, Any] = {
    "popularity": Popularity(),
    "als": ALS(factors=200, unobserved_weight=0.03),
    "content similarity": Content(),
    "ridge map": ContentToCF(mapping="ridge", base_settings=BASE, novelty=0.9),
    "network by squared error": ContentToCF(mapping="mse", layers=1, base_settings=BASE, novelty=0.9),
    OURS: ContentToCF(epochs=12, base_settings=BASE, novelty=0.9),
}


def run() -> Iterator[Figure]:
    """Each contender's means over the splits of both logs, then the simulated shop."""
    yield from on("citeulike-a", citeulike(), SEEDS, CONTENDERS)
    yield from on("The Complete Journey", journey(), SEEDS[:1], {who: plainer(one) for who, one in CONTENDERS.items()})
    yield from tastes()


def on(name: str, data: Dataset, seeds: Sequence[int], contenders: Mapping[str, Any]) -> Iterator[Figure]:
    """Each contender on splits of one log."""
    splits = [Parts.cut(data, seed) for seed in seeds]
    for who, method in contenders.items():
        yield compared(who, name, method, splits)


def plainer(method: Any) -> Any:
    """The same contender with the settings of ALS that any shop starts with."""
    if isinstance(method, ContentToCF):
        return replace(method, base_settings=())
    return ALS() if isinstance(method, ALS) else method


def compared(name: str, data: str, method: Any, splits: "list[Parts]") -> Figure:
    """One contender, fitted and asked on each of the splits."""
    found, seconds = [], []
    for parts in splits:
        model, *spent = timed(partial(method.fit, parts.known, Run(threads=threads())))
        found.append(parts.judged(model, "test"))
        seconds.append(spent)
    means = {figure: float(np.mean([one[figure] for one in found])) for figure in found[0]}
    noted = {**circumstances(), "settings": repr(method), "each": found}
    wall, cpu = np.mean(seconds, axis=0)
    return Figure("cold items, one list", data, name, float(wall), float(cpu), quality=means, further=noted)


@dataclass(frozen=True)
class Parts:
    """Pairs of customer and item, divided. of: for each pair of `data` one of the names below."""

    data: Dataset
    of: np.ndarray
    cold: Bools

    KNOWN, WARM_VALID, WARM_TEST, COLD_VALID, COLD_TEST, LEFT_OUT = range(6)

    @classmethod
    def cut(cls, data: Dataset, seed: int) -> "Parts":
        """data: each pair once."""
        random = np.random.default_rng(seed)
        cold = np.zeros(data.n_items, dtype=np.bool_)
        shuffled = random.permutation(data.n_items)
        cold[shuffled[int(0.8 * data.n_items) :]] = True
        tested = np.zeros(data.n_items, dtype=np.bool_)
        tested[shuffled[int(0.9 * data.n_items) :]] = True
        of = np.where(cold[data.item], np.where(tested[data.item], cls.COLD_TEST, cls.COLD_VALID), cls.KNOWN)
        warm = random.permutation(np.flatnonzero(~cold[data.item]))
        of[warm[: len(warm) // 10]] = cls.WARM_VALID
        of[warm[len(warm) // 10 : 2 * (len(warm) // 10)]] = cls.WARM_TEST
        for side in (data.user, data.item):
            known = np.bincount(side[of == cls.KNOWN], minlength=side.max() + 1) > 0
            of[~cold[data.item] & ~known[side]] = cls.KNOWN
        known = np.bincount(data.user[of == cls.KNOWN], minlength=data.n_users) > 0
        of[~known[data.user]] = cls.LEFT_OUT
        return cls(data, of, cold)

    @property
    def known(self) -> Dataset:
        """What may be learned."""
        return self.data.where(self.of == self.KNOWN)

    def judged(self, model: Any, phase: str, *, asked: int = ASKED) -> dict[str, float]:
        """Recall and NDCG at 20 of the three questions; phase: "valid" or "test"."""
        warm, cold = (self.WARM_VALID, self.COLD_VALID) if phase == "valid" else (self.WARM_TEST, self.COLD_TEST)
        counts = {one: np.bincount(self.data.user[self.of == one], minlength=self.data.n_users) for one in (warm, cold)}
        users = {"overall": counts[warm] * counts[cold], "cold": counts[cold], "warm": counts[warm]}
        masks = {"overall": None, "cold": self.cold[None, :], "warm": ~self.cold[None, :]}
        wanted = {"overall": (warm, cold), "cold": (cold,), "warm": (warm,)}
        found = {}
        for name, wants in users.items():
            who = np.flatnonzero(wants)[:asked].astype(np.int32)
            split = self._split(name, who, np.isin(self.of, wanted[name]), masks[name])
            means = evaluate(model, split, k=(K,)).means
            found.update({f"{name} {figure}@{K}": means[f"{figure}@{K}"] for figure in ("recall", "ndcg")})
        return found

    def _split(self, name: str, users: np.ndarray, wanted: Bools, mask: Bools | None) -> Split:
        """Who of `users` wanted what; all else that they have is not answered."""
        known = self.known
        queries = known.queries(users, int(self.data.time.max()) + 1)
        others = self._pairs(users, ~wanted)
        return Split(name, known, queries, self._pairs(users, wanted), Allowed(mask, others.starts, others.items))

    def _pairs(self, users: np.ndarray, some: Bools) -> Histories:
        place = np.full(self.data.n_users, -1, dtype=np.int64)
        place[users] = np.arange(len(users))
        events = np.flatnonzero(some & (place[self.data.user] >= 0))
        events = events[np.lexsort((self.data.item[events], place[self.data.user[events]]))]
        starts = starts_of(np.bincount(place[self.data.user[events]], minlength=len(users)))
        of = self.data
        return Histories(starts, of.item[events], of.time[events], of.weight[events], of.kind[events])


def journey() -> Dataset:
    """The different products of each household, of those on the shelf that five households bought; their attributes."""
    shop = complete_journey()
    shelf = shop.items.filter("on_shelf").drop("title", "on_shelf")
    pairs = shop.events.select("user_id", "item_id").unique(maintain_order=True)
    pairs = pairs.join(shelf, on="item_id", how="semi", maintain_order="left").filter(pl.len().over("item_id") >= 5)
    return Dataset.of(pairs, items=shelf.join(pairs, on="item_id", how="semi", maintain_order="left"))


def tastes() -> Iterator[Figure]:
    """How near, in true tastes, the ten items are that a model finds most similar to an item that nobody has met.

    Mean cosine, over a fifth of the items of a simulated shop, withheld; 1 for the ten that truly are the nearest.
    """
    shop = simulate(ShopSettings(customers=4_000, items=2_000, tastes=8))
    truth = shop.truth.catalog.tastes - shop.truth.catalog.tastes.mean(0)
    truth /= np.linalg.norm(truth, axis=1, keepdims=True)
    parts = Parts.cut(Dataset.of(_pairs_of(shop.events), items=shop.items), 0)
    rows = pl.DataFrame({"item_id": parts.data.items.ids}).join(
        shop.items.select("item_id").with_row_index("row"), on="item_id", how="left", maintain_order="left"
    )
    truth = truth[rows["row"].to_numpy()]
    alike = truth @ truth.T
    np.fill_diagonal(alike, -np.inf)
    cold = np.flatnonzero(parts.cold).astype(np.int32)
    best = float(np.sort(alike[cold], axis=1)[:, -10:].mean())
    np.fill_diagonal(alike, 1)
    yield Figure("true tastes", "simulated shop", "by chance", quality={"cosine": float(alike[cold].mean() / best)})
    for name in ("content similarity", "ridge map", "network by squared error", OURS):
        model, wall, cpu = timed(partial(plainer(CONTENDERS[name]).fit, parts.known, Run(threads=threads())))
        found = model.similar_items(cold, 10).items
        near = float(alike[cold[:, np.newaxis], found][found >= 0].mean() / best)
        yield Figure(
            "true tastes", "simulated shop", name, wall, cpu, quality={"cosine": near}, further=circumstances()
        )


def _pairs_of(events: Frame) -> Frame:
    return events.filter(pl.col("kind") != "return").select("user_id", "item_id").unique(maintain_order=True)
