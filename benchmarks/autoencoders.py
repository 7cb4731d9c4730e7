"""Autoencoders and NCF on ml-1m: quality on test, and CPU seconds of an epoch, beside RecBole's same model.

Both sides learn from the same pairs, train + valid, with settings and a number of epochs that were chosen on `valid`
after learning from train alone; one judge asks for everybody's 20 best items of those that they do not have. RecBole
also with its defaults, stopped by `valid`. docs/explanation/autoencoders.md says how many settings were tried.
NCF stands beside ALS and BPR, all with their defaults. An epoch is one of EPOCHS, evaluation left out, in float32 for
RecBole, as it has it, and as each machine allows for ours.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from benchmarks.data import quality
from benchmarks.figure import OURS, Figure
from benchmarks.measure import Contender, peer_python, race, threads

DATA, K, EPOCHS = "ml-1m", 20, 5

Prepared = tuple[Callable[[], Any], Callable[[Any], dict[str, float]]]
Told = Mapping[str, Any]

OURS_CHOSEN: Final[Mapping[str, Told]] = {
    "mult_vae": {},
    "rec_vae": {},
}
THEIRS_CHOSEN: Final[Mapping[str, Told]] = {
    "mult_vae": {},
    "rec_vae": {},
}
BESIDE: Final = ("ncf", "als", "bpr")


def run() -> Iterator[Figure]:
    """Quality of each autoencoder, NCF beside factorizations, and the cost of an epoch."""
    for method in OURS_CHOSEN:
        contenders = [_ours(method, OURS_CHOSEN[method]), _recbole(method, THEIRS_CHOSEN[method])]
        yield from race(f"{method}, quality on test", DATA, contenders, further={"settings": repr(OURS_CHOSEN[method])})
    rows = [replace(_ours(method, {}), peer=f"{OURS}, {method}") for method in BESIDE]
    yield from race("NCF beside factorizations, defaults", DATA, rows)
    for method in OURS_CHOSEN:
        epochs = {"epochs": EPOCHS, "batch": 512, "patience": 0}
        theirs = {"epochs": EPOCHS, "train_batch_size": 512}
        for figure in race(f"{method}, an epoch", DATA, [_ours(method, epochs), _recbole(method, theirs)]):
            yield _of_an_epoch(figure)


def ours(data: str, method: str, settings: Told, *, splits: tuple[str, ...], asked: str) -> Prepared:
    """From the log to the fitted model."""
    from benchmarks.shops import Shop, wanted
    from regulars.core import Run
    from regulars.models import METHODS

    shop, estimator = Shop.of(data, tuple(splits)), METHODS[method](**settings)
    return (
        lambda: estimator.fit(shop.data, Run(threads=threads())),
        lambda model: quality(shop.lists(model, K), wanted(data, asked)),
    )


def _ours(method: str, settings: Told) -> Contender:
    given = {"data": DATA, "method": method, "settings": settings, "splits": ["train", "valid"], "asked": "test"}
    return Contender(OURS, "benchmarks.autoencoders:ours", given, warm=False, packages=("numpy", "torch"))


def _recbole(method: str, settings: Told) -> Contender:
    given = {
        "data": DATA,
        "method": method,
        "settings": settings,
        "splits": ["train", "valid"],
        "asked": "test",
        "k": K,
    }
    target = "benchmarks.peers.recbole_autoencoders:prepare"
    return Contender("recbole", target, given, peer_python("recbole"), warm=False, packages=("recbole", "torch"))


def _of_an_epoch(figure: Figure) -> Figure:
    if figure.seconds is None or figure.cpu_seconds is None:
        return figure
    return replace(figure, seconds=figure.seconds / EPOCHS, cpu_seconds=figure.cpu_seconds / EPOCHS, quality={})
