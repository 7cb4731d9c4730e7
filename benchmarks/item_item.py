"""Item-item methods beside the same method of other libraries: CPU seconds of a fit, and quality on the test set.

Every contender has the same settings, so that they look for the same weights; only item-kNN differs by whose neighbors
are kept (RecBole and ours here: of each answer; the others: of each item of the history). Ours is shown a second time
with the settings that were best on `valid`: "chosen". RecBole's elastic net divides its squares by the customers;
its alpha and l1_ratio say the same as l1 and l2.

A peer is left out where it would take hours or more memory than the machine has; ABSENT says which and why. No peer
that installs has RP3beta: beside it stand its formulas in a few lines of scipy.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from benchmarks.data import USERS_AND_ITEMS, pairs, quality
from benchmarks.figure import OURS, Figure
from benchmarks.measure import Contender, circumstances, peer_python, race, threads

DATA: Final = ("ml-100k", "ml-1m", "gowalla")
K: Final = 20
L1, L2, REGULARIZATION, NEIGHBORS = 1.0, 1.0, {"ml-100k": 100.0, "ml-1m": 500.0, "gowalla": 100.0}, 100
ALPHA, BETA = 0.8, 0.4

# the best NDCG@20 on `valid`; docs/explanation/item-item.md says among how many
CHOSEN: Final[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
    "slim": {
        "ml-1m": {"l1": 0.3, "l2": 30.0, "activity": 0.5, "candidates": 5_000, "neighbors": 500},
        "gowalla": {"l1": 0.1, "l2": 10.0, "activity": 0.5, "candidates": 300, "neighbors": 300},
    },
    "ease": {"ml-1m": {"regularization": 30.0, "activity": 0.5, "dropout": 0.3}},
    "sparse_ease": {
        "ml-1m": {"regularization": 10.0, "activity": 0.5, "dropout": 0.5, "neighbors": 300},
        "gowalla": {"regularization": 10.0, "activity": 0.5, "dropout": 0.3, "neighbors": 300},
    },
}

ABSENT: Final = {
    ("slim", "ml-1m", "recbole"): "its elastic nets take 16 CPU s on ml-100k and more than 200 here",
    ("slim", "gowalla", "recbole"): "days: every sweep of its elastic net visits all 40,981 items",
    ("ease", "gowalla", "recbole"): "inverts 40,981 items in several copies of 6.7 GB",
    ("ease", "gowalla", "rectools"): "inverts 40,981 items in several copies of 6.7 GB",
    ("ease", "gowalla", "lenskit"): "inverts 40,981 items in several copies of 6.7 GB",
}

Prepared = tuple[Callable[[], Any], Callable[[Any], dict[str, float]]]


def run() -> Iterator[Figure]:
    """Each method on each data set."""
    for method in ("slim", "ease", "sparse_ease", "item_knn", "rp3beta"):
        for data in DATA:
            yield from _race(method, data)


def _race(method: str, data: str) -> Iterator[Figure]:
    given = {"data": data, "method": method}
    warm = method != "slim" and data != "gowalla"  # minutes; what is left to warm is loading the compiled code
    contenders = [Contender(OURS, "benchmarks.item_item:ours", given, blas=1, warm=warm, packages=("numpy", "numba"))]
    chosen = CHOSEN.get(method, {}).get(data)
    if chosen:
        own = replace(contenders[0], peer=f"{OURS}, chosen", arguments={**given, "chosen": True})
        contenders.append(own)
    if method == "rp3beta":
        contenders.append(replace(contenders[0], peer="plain scipy", target="benchmarks.item_item:plain_rp3beta"))
    for peer, settings in peers(method, data).items():
        if reason := ABSENT.get((method, data, peer)):
            yield Figure(f"{method}, fit", data, peer, further={**circumstances(), "absent": reason})
            continue
        contenders.append(
            Contender(
                peer,
                f"benchmarks.peers.{peer}_item_item:prepare",
                {**given, "settings": settings, "k": K},
                peer_python(peer),
                blas=1,
                warm=warm,
                packages=(peer,),
            )
        )
    yield from race(f"{method}, fit", data, contenders, further={"settings": repr(settings_of(method, data))})


def settings_of(method: str, data: str) -> dict[str, Any]:
    """Ours, that say the same as those of the peers."""
    everything = USERS_AND_ITEMS[data][1]
    return {
        "slim": {"l1": L1, "l2": L2, "activity": 0.0, "candidates": everything, "neighbors": 5_000},
        "ease": {"regularization": REGULARIZATION[data], "max_items": 16_000},
        "sparse_ease": {"regularization": REGULARIZATION[data], "dropout": 0.0, "activity": 0.0},
        "item_knn": {
            "neighbors": NEIGHBORS,
            "similarity": "cosine",
            "tilt": 0.5,
            "activity": 0.0,
            "side": "answer",
            "rule": "binary",
        },
        "rp3beta": {"alpha": ALPHA, "beta": BETA, "neighbors": NEIGHBORS, "side": "answer", "rule": "binary"},
    }[method]


def peers(method: str, data: str) -> dict[str, dict[str, Any]]:
    """The settings of each peer that has the method."""
    n = USERS_AND_ITEMS[data][0] + 1  # of RecBole, whose first customer is padding
    return {
        "slim": {
            "lenskit": {"l1_reg": L1, "l2_reg": L2},
            "recbole": {"alpha": (L1 + L2) / n, "l1_ratio": L1 / (L1 + L2)},
        },
        "ease": {
            "lenskit": {"regularization": REGULARIZATION[data]},
            "recbole": {"reg_weight": REGULARIZATION[data]},
            "rectools": {"regularization": REGULARIZATION[data]},
        },
        "sparse_ease": {},
        "item_knn": {
            "lenskit": {"feedback": "implicit", "max_nbrs": 5_000, "save_nbrs": NEIGHBORS},
            "recbole": {"k": NEIGHBORS},
            "rectools": {"K": NEIGHBORS + 1},  # implicit counts an item among its own neighbors
        },
        "rp3beta": {},
    }[method]


def ours(data: str, method: str, chosen: bool = False) -> Prepared:
    """From the log to the fitted model."""
    from benchmarks.shops import Shop
    from regulars.core import Run
    from regulars.models import METHODS

    shop, circumstances = Shop.of(data), Run(threads=threads())
    settings = CHOSEN[method][data] if chosen else settings_of(method, data)
    estimator = METHODS[method](**settings)
    return (
        lambda: estimator.fit(shop.data, circumstances),
        lambda model: quality(shop.lists(model, K), pairs(data).wanted),
    )


def plain_rp3beta(data: str, method: str) -> Prepared:
    """From the matrix to the weights of the items that speak most for each answer."""
    from scipy.sparse import csr_matrix, diags

    from benchmarks.peers.weights import lists

    known = pairs(data).known

    def work() -> Any:
        customers = np.maximum(np.asarray(known.sum(axis=0)).ravel(), 1)
        there = (diags(1 / np.maximum(np.asarray(known.sum(axis=1)).ravel(), 1)) @ known).power(ALPHA)
        back = (diags(1 / customers) @ known.T).power(ALPHA)
        columns = csr_matrix((back @ there @ diags(customers**-BETA)).T)
        columns.setdiag(0)
        for item in range(columns.shape[0]):
            row = columns.data[columns.indptr[item] : columns.indptr[item + 1]]
            if len(row) > NEIGHBORS:
                row[np.argpartition(-row, NEIGHBORS)[NEIGHBORS:]] = 0
        columns.eliminate_zeros()
        return columns.T.tocsr()

    return work, lambda weights: quality(lists(weights, known, K), pairs(data).wanted)
