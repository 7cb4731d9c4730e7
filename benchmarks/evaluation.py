"""Top-20 and metrics of all ml-1m and gowalla customers, with the same vectors for everyone who evaluates them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks import factors
from benchmarks.data import frame
from benchmarks.figure import OURS, Figure
from benchmarks.measure import Contender, peer_python, race

if TYPE_CHECKING:
    from regulars.core import Queries
    from regulars.evaluation import Evaluation, Measures, Metric

K = 20
WIDTH = 64
Work = tuple[Callable[[], "Evaluation"], Callable[["Evaluation"], dict[str, float]]]

VERSIONS = {"rectools": ("rectools", "pm-implicit", "numpy"), "recbole": ("recbole", "torch", "numpy")}


def run() -> Iterator[Figure]:
    """Everybody answers and judges all customers of the test; reading and arranging the data is not timed."""
    for data in ("ml-1m", "gowalla"):
        given = {"data": data, "file": str(factors.path(data, WIDTH)), "k": K}
        packages = ("numpy", "numba", "polars")
        ours = [
            Contender(OURS, "benchmarks.evaluation:ours", given, blas=1, packages=packages),
            Contender(f"{OURS}, all figures", "benchmarks.evaluation:whole", given, blas=1, packages=packages),
        ]
        peers = [
            Contender(
                peer,
                f"benchmarks.peers.{peer}:evaluation",
                given,
                python=peer_python(peer),
                blas=1 if peer == "rectools" else None,
                packages=VERSIONS[peer],
            )
            for peer in ("rectools", "recbole")
        ]
        yield from race(f"top-{K} and metrics, {WIDTH} factors", data, [*ours, *peers])


def ours(data: str, file: str, k: int) -> Work:
    """Recall and NDCG alone, as the peers."""
    from regulars.evaluation import Measures

    return _work(data, file, Measures(_metrics(), {}, {}, ()), k)


def whole(data: str, file: str, k: int) -> Work:
    """What `evaluate` says of a recommender beside: slices, coverage, novelty, diversity, popularity bias, overlap."""
    from regulars.evaluation import CATALOG_METRICS, SLICINGS, Measures

    return _work(data, file, Measures(_metrics(), CATALOG_METRICS, SLICINGS, ("recall", "ndcg")), k)


def _metrics() -> "dict[str, Metric]":
    from regulars.evaluation import METRICS

    return {name: METRICS[name] for name in ("recall", "ndcg")}


def _work(data: str, file: str, measures: "Measures", k: int) -> Work:
    from regulars.core import Dataset
    from regulars.evaluation import GivenSplit, Judge
    from regulars.models.kinds import Factors
    from regulars.ranking import Unseen

    log = Dataset.of(frame(data).with_columns(split=pl.col("split").replace("valid", "train")))
    users, items = factors.load(file)
    users, items = users[log.users.ids.to_numpy()], items[log.items.ids.to_numpy()]
    split = GivenSplit().cut(log)

    def work() -> "Evaluation":
        model = Factors("als", log.n_items, items, Given(users))  # type: ignore[arg-type]
        return Judge(split, (k,), measures).evaluate(model, filters=(Unseen(),))

    return work, lambda result: {name: float(np.nanmean(figures)) for name, figures in result.figures.items()}


@dataclass(frozen=True)
class Given:
    """An encoder that looks the customers' vectors up, so that nobody's folding in is timed."""

    vectors: NDArray[np.float32]

    def encode(self, queries: "Queries", item_vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """The vector of each query."""
        return self.vectors[queries.users]
