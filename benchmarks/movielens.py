"""Precision on ml-100k as the documentation of LightFM measures it: ours beside LensKit's FlexMF and published figures.

LightFM's example takes the split "ua" of the data set: the first 10 ratings of each user in the order of the file are
test, the other 90,570 are known, all ratings count as events. Published there (lightfm 1.x, 10 factors, 10 epochs,
`precision_at_k`, k 10, what is known competes too): BPR .59 on train and .10 on test, WARP .61 and .11. Beside that
stands what a shop wants: precision and NDCG of 10 answers without what is known. Settings were chosen on the split
"ub" (ratings 11 to 20), where training on the rest is as large. LightFM itself does not build any more.
"""

from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.figure import OURS, Figure
from benchmarks.measure import Contender, peer_python, race
from benchmarks.peers.movielens import known_and_wanted, precision

DATA, TASK = "ml-100k, ua", "precision@10"
METHODS = ("BPR()", "WARP()", "WARP(kos=5)", "LogisticMF()")
LENSKIT = {
    "FlexMF, loss warp": {"loss": "warp"},
    "FlexMF, loss warp, preset": {"preset": "warp"},
    "FlexMF, loss pairwise": {"loss": "pairwise"},
}
PUBLISHED = {"BPR": {"train": 0.59, "test": 0.10}, "WARP": {"train": 0.61, "test": 0.11}}

Prepared = tuple[Callable[[], Any], Callable[[Any], dict[str, float]]]


def run() -> Iterator[Figure]:
    """Ours with their defaults, LensKit's, and LightFM's published figures."""
    for settings in METHODS:
        ours = Contender(OURS, "benchmarks.movielens:ours", {"settings": settings}, blas=1, packages=("numpy",))
        yield from race(f"{TASK}, {settings}", DATA, [ours])
    for name, settings in LENSKIT.items():
        theirs = Contender(
            f"LensKit {name}",
            "benchmarks.peers.movielens:flexmf",
            {"split": "ua", "settings": settings},
            python=peer_python("lenskit"),
            warm=False,
            packages=("lenskit", "torch"),
        )
        yield from race(f"{TASK}, {name}", DATA, [theirs])
    for name, figures in PUBLISHED.items():
        yield Figure(f"{TASK}, {name}", DATA, f"LightFM {name}, published", quality=figures)


def ours(settings: str, split: str = "ua") -> Prepared:
    """`fit` of a method, given as `BPR(...)`."""
    import regulars
    from regulars.core import Allowed, Dataset, Run

    known, wanted = known_and_wanted(split)
    data = Dataset.of(known, items=known.vstack(wanted).select("item_id").unique(maintain_order=True))
    method = eval(settings, {name: getattr(regulars, name) for name in ("BPR", "WARP", "LogisticMF")})

    def judge(model: Any) -> dict[str, float]:
        queries = data.everyone()
        everything = model.recommend(queries, 10)
        new = model.recommend(queries, 10, Allowed.all_but(queries.history))
        lists = {
            name: dict(zip(data.users.ids, (data.items.ids.gather(row).to_list() for row in answer.items), strict=True))
            for name, answer in (("everything", everything), ("new", new))
        }
        return precision(known, wanted, lists["everything"], lists["new"])

    return lambda: method.fit(data, Run(threads=1)), judge
