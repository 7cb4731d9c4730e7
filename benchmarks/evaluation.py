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
    from regulars.evaluation import Evaluation

K = 20
WIDTH = 64
VERSIONS = {"rectools": ("rectools", "pm-implicit", "numpy"), "recbole": ("recbole", "torch", "numpy")}


def run() -> Iterator[Figure]:
    """Everybody answers and judges all customers of the test; reading and arranging the data is not timed."""
    for data in ("ml-1m", "gowalla"):
        given = {"data": data, "file": str(factors.path(data, WIDTH)), "k": K}
        ours = Contender(OURS, "benchmarks.evaluation:ours", given, blas=1, packages=("numpy", "numba", "polars"))
        peers = [
            Contender(
                peer,
                f"benchmarks.peers.{peer}:evaluation",
                given,
                python=peer_python(peer),
                blas=1 if peer == "rectools" else None,
                warm=data == "ml-1m",
                packages=VERSIONS[peer],
            )
            for peer in ("rectools", "recbole")
        ]
        yield from race(f"top-{K} and metrics, {WIDTH} factors", data, [ours, *peers])


def ours(data: str, file: str, k: int) -> tuple[Callable[[], "Evaluation"], Callable[["Evaluation"], dict[str, float]]]:
    """`evaluate` with all that it says of a recommender: metrics of lists, slices, and figures of the catalog."""
    from regulars.core import Dataset
    from regulars.evaluation import METRICS, GivenSplit, evaluate
    from regulars.models.kinds import Factors
    from regulars.ranking import Unseen

    log = Dataset.of(frame(data).with_columns(split=pl.col("split").replace("valid", "train")))
    split = GivenSplit().cut(log)
    users, items = factors.load(file)
    model = Factors("als", log.n_items, items[log.items.ids.to_numpy()], Given(users[log.users.ids.to_numpy()]))  # type: ignore[arg-type]
    metrics = {name: METRICS[name] for name in ("recall", "ndcg")}

    def judge(result: "Evaluation") -> dict[str, float]:
        return {name: float(np.nanmean(figures)) for name, figures in result.figures.items()}

    return lambda: evaluate(model, split, k=(k,), filters=(Unseen(),), metrics=metrics), judge


@dataclass(frozen=True)
class Given:
    """An encoder that looks the customers' vectors up, so that nobody's folding in is timed."""

    vectors: NDArray[np.float32]

    def encode(self, queries: "Queries", item_vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """The vector of each query."""
        return self.vectors[queries.users]
