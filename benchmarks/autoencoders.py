"""Autoencoders and NCF on ml-1m: quality on test, and CPU seconds of an epoch, beside RecBole's same model.

Both sides learn from train; RecBole stops by `valid`, ours by the newest events of half of the customers of train, and
settings were chosen on `valid`: docs/explanation/autoencoders.md says among how many. One judge asks, once, for
everybody's 20 best items that are in neither. RecBole can be asked with train alone; ours with that, and with all that
is known: "valid read too". NCF stands beside ALS and BPR with their defaults, in the same way. An epoch is one of
EPOCHS, judging left out.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from benchmarks.data import quality
from benchmarks.figure import OURS, Figure
from benchmarks.measure import Contender, peer_python, race, threads

DATA, K, EPOCHS, BATCH = "ml-1m", 20, 5, 512

Prepared = tuple[Callable[[], Any], Callable[[Any], dict[str, float]]]
Told = Mapping[str, Any]

CHOSEN: Final[Mapping[str, Told]] = {
    "mult_vae": {"epochs": 60, "batch": 512, "rate": 2e-3, "annealing": 60, "validation": 0.5},
    "rec_vae": {"epochs": 36, "patience": 0},
}
THEIRS: Final[Mapping[str, Told]] = {
    "mult_vae": {"epochs": 150, "train_batch_size": BATCH},
    "rec_vae": {"epochs": 300, "train_batch_size": BATCH},
}
BESIDE: Final[Mapping[str, Told]] = {"ncf": {"epochs": 10, "batch": 8192, "rate": 2e-3}, "als": {}, "bpr": {}}


def run() -> Iterator[Figure]:
    """Quality of each autoencoder, NCF beside factorizations, and the cost of an epoch."""
    for method in CHOSEN:
        contenders = [_ours(method, CHOSEN[method]), _recbole(method, THEIRS[method], stops=True)]
        yield from race(f"{method}, quality on test", DATA, contenders, further={"settings": repr(CHOSEN[method])})
    rows = [replace(_ours(method, settings), peer=f"{OURS}, {method}") for method, settings in BESIDE.items()]
    yield from race("NCF beside factorizations", DATA, rows)
    for method in THEIRS:
        epochs = {"epochs": EPOCHS, "batch": BATCH, "patience": 0}
        theirs = {"epochs": EPOCHS, "train_batch_size": BATCH}
        for figure in race(f"{method}, an epoch", DATA, [_ours(method, epochs), _recbole(method, theirs, stops=False)]):
            yield _of_an_epoch(figure)


def ours(data: str, method: str, settings: Told, k: int) -> Prepared:
    """From the log to the fitted model."""
    from benchmarks.shops import TRAIN, Shop, wanted
    from regulars.core import Run
    from regulars.models import METHODS

    train, whole, estimator = Shop.of(data, TRAIN), Shop.of(data), METHODS[method](**settings)

    def judge(model: Any) -> dict[str, float]:
        _, allowed = whole.queries()
        target = wanted(data, "test")
        like = quality(model.recommend(train.queries()[0], k, allowed).items, target)
        read = quality(whole.lists(model, k), target)
        return {**like, **{f"{name}, valid read too": figure for name, figure in read.items()}}

    return lambda: estimator.fit(train.data, Run(threads=threads())), judge


def _ours(method: str, settings: Told) -> Contender:
    given = {"data": DATA, "method": method, "settings": settings, "k": K}
    return Contender(OURS, "benchmarks.autoencoders:ours", given, warm=False, packages=("numpy", "torch"))


def _recbole(method: str, settings: Told, *, stops: bool) -> Contender:
    given = {"data": DATA, "method": method, "settings": settings, "stops": stops, "k": K}
    target = "benchmarks.peers.recbole_autoencoders:prepare"
    return Contender("recbole", target, given, peer_python("recbole"), warm=False, packages=("recbole", "torch"))


def _of_an_epoch(figure: Figure) -> Figure:
    if figure.seconds is None or figure.cpu_seconds is None:
        return figure
    return replace(figure, seconds=figure.seconds / EPOCHS, cpu_seconds=figure.cpu_seconds / EPOCHS, quality={})
