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
AT_ONCE = 256  # customers of a batch with which RecBole is fastest here
Work = tuple[Callable[[], "Evaluation"], Callable[["Evaluation"], dict[str, float]]]

VERSIONS = {"rectools": ("rectools", "pm-implicit", "numpy"), "recbole": ("recbole", "torch", "numpy")}


def run() -> Iterator[Figure]:
    """All customers of the test are answered and judged; reading and arranging the data and the split is not timed."""
    for data in ("ml-1m", "gowalla"):
        given: dict[str, object] = {"data": data, "file": str(factors.path(data, WIDTH)), "k": K}
        packages = ("numpy", "numba", "polars")
        ours = [
            Contender(OURS, "benchmarks.evaluation:ours", given, blas=1, packages=packages),
            Contender(f"{OURS}, all figures", "benchmarks.evaluation:whole", given, blas=1, packages=packages),
        ]
        peers = [_peer("rectools", "rectools", given), _peer("recbole", "recbole", given)]
        tuned = _peer("recbole", f"recbole, {AT_ONCE} at once", {**given, "at_once": AT_ONCE})
        yield from race(f"top-{K} and metrics, {WIDTH} factors", data, [*ours, *peers, tuned])


def _peer(name: str, title: str, given: dict[str, object]) -> Contender:
    target = f"benchmarks.peers.{name}:evaluation"
    blas = 1 if name == "rectools" else None  # its threads are implicit's
    return Contender(title, target, given, python=peer_python(name), blas=blas, packages=VERSIONS[name])


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
    judge = Judge(GivenSplit().cut(log), (k,), measures)

    def work() -> "Evaluation":
        model = Factors("als", log.n_items, items, Given(users))  # type: ignore[arg-type]
        return judge.evaluate(model, filters=(Unseen(),))

    return work, lambda result: {name: float(np.nanmean(figures)) for name, figures in result.figures.items()}


@dataclass(frozen=True)
class Given:
    """An encoder that looks the customers' vectors up, so that nobody's folding in is timed."""

    vectors: NDArray[np.float32]

    def encode(self, queries: "Queries", item_vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """The vector of each query."""
        return self.vectors[queries.users]
