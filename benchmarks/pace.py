"""CPU seconds to a given NDCG@10: SASRec on ml-1m beside RecTools', each with the settings that are recommended for it.

Both learn from all but the newest two ratings of everybody and are asked for the last but one, among all films that
were not rated before, by every third customer. Ours is fitted anew for each number of epochs, because its rate falls
over a fit; RecTools' learns on at a constant rate until SECONDS are spent, and is asked after each epoch, asking left
out of the time. RecBole would need 15,500 seconds for its first epoch (`transformers`), so it is not asked.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from benchmarks.figure import OURS, Figure
from benchmarks.measure import Contender, peer_python, race, threads
from benchmarks.sasrec import MOVIES, last_film
from benchmarks.transformers import dataset

DATA: Final = "ml-1m"
SETTINGS: Final = replace(MOVIES, batch=48, rate=0.0025, width=64, heads=2)
EPOCHS: Final = (2, 6, 18)
RECTOOLS: Final = {"n_heads": 2, "dropout_rate": 0.2, "lr": 1e-3, "batch_size": 128}  # width 64, two blocks as above
SECONDS: Final = 600.0
EVERY: Final = 3  # customers who are asked: one of so many

Reached = dict[float, float]  # NDCG@10 by the CPU seconds that were spent


def run() -> Iterator[Figure]:
    """A curve for each, CPU seconds to NDCG@10."""
    contenders = [
        Contender(OURS, "benchmarks.pace:ours", {"epochs": EPOCHS}, warm=False, packages=("torch",)),
        Contender(
            "rectools",
            "benchmarks.peers.rectools_sasrec:pace",
            {"data": DATA, "settings": RECTOOLS, "seconds": SECONDS, "every": EVERY},
            peer_python("rectools"),
            warm=False,
            packages=("rectools", "torch"),
        ),
    ]
    yield from race("SASRec, NDCG@10 after CPU seconds", DATA, contenders, further={"settings": repr(SETTINGS)})


def ours(epochs: list[int]) -> tuple[Callable[[], Reached], Callable[[Reached], Mapping[str, float]]]:
    """A fit for each number of epochs, and what it found."""
    from benchmarks.orders import ordered
    from regulars.core import Run

    learned = dataset(ordered(DATA))

    def work() -> Reached:
        reached = {}
        for number in epochs:
            began = time.process_time()
            model = replace(SETTINGS, epochs=number).fit(learned, Run(threads=threads()))
            reached[time.process_time() - began] = last_film(model, left=1, every=EVERY)["ndcg@10"]
        return reached

    return work, told


def told(reached: Reached) -> dict[str, float]:
    """As the quality of a figure."""
    return {f"after {seconds:.0f} s": ndcg for seconds, ndcg in reached.items()}
