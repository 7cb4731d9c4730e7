"""Arranged: the settings that all networks over weekly or daily sequences share; nothing here needs torch."""

from dataclasses import dataclass
from typing import Final

from regulars.core import setting

from .trained import Trained

ARRANGEMENTS: Final = ("many_to_one", "one_to_many", "many_to_many")


@dataclass(frozen=True)
class Arranged(Trained):
    """Abstract: how a network reads the steps of a sequence, and how it answers for the steps to come.

    arrangement: "many_to_one" reads all steps and answers for each coming one on its own; "many_to_many" reads them
    all and goes on, cell by cell, over the coming ones; "one_to_many" reads the newest step alone and goes on.
    cell: of GRU or LSTM; layers: of such cells; width: of each. dropout: before every layer, while learning.
    length: the newest steps that are read; longer sequences are learned from in windows. members: networks that learn
    one after another, each from its own beginning; their answers are averaged.
    batch: sequences of a step. patience and validation: see the method; 0 learns all epochs from everything.
    """

    arrangement: str = setting("many_to_many", choices=ARRANGEMENTS)
    cell: str = setting("lstm", choices=("gru", "lstm"))
    layers: int = setting(1, low=1, high=4)
    width: int = setting(64, low=4, high=512, log=True)
    dropout: float = setting(0.1, low=0.0, high=0.9)
    length: int = setting(128, low=1, high=1000, log=True)
    members: int = setting(1, low=1, high=16)
    batch: int = setting(64, low=1, high=65_536, log=True)
    epochs: int = setting(30, low=1, high=2000, log=True)
    rate: float = setting(3e-3, low=1e-5, high=0.1, log=True)
    patience: int = setting(0, low=0, high=200)


@dataclass(frozen=True)
class Demanded(Arranged):
    """Abstract: how a network learns the demand of many series at once.

    loss: what the point forecast is to be good at: "percentage" (the mean absolute percentage error), "absolute"
    (the error in units, as a part of the series' level), "squared" (the root mean squared percentage error) or "log"
    (the median). It learns quantiles beside it. half_life: steps after which a week counts half in the level of a
    series, against which everything is told. windows: of `length` steps that are drawn for an epoch, if there are
    more; forks: steps of each from which is looked ahead in an epoch, 0: all of them. With a patience the last steps
    of every series are withheld to see when it has learned enough.
    """

    loss: str = setting("absolute", choices=("percentage", "absolute", "squared", "log"))
    half_life: float = setting(16.0, low=1.0, high=1000.0, log=True)
    windows: int = setting(2000, low=1, high=1_000_000, log=True)
    forks: int = setting(16, low=0, high=1000)
    batch: int = setting(32, low=1, high=65_536, log=True)
    epochs: int = setting(8, low=1, high=2000, log=True)


@dataclass(frozen=True)
class Repurchased(Arranged):
    """Abstract: how a network learns when a product is bought again.

    weeks: for so many coming ones is answered; beyond them the last one goes on. moments: so many moments of asking, a
    step of `weeks` apart, are learned from; examples: pairs of them, drawn if there are more. length: the newest
    purchases of the product that are read.
    """

    arrangement: str = setting("many_to_one", choices=ARRANGEMENTS)
    weeks: int = setting(4, low=1, high=26)
    moments: int = setting(3, low=1, high=26)
    examples: int = setting(600_000, low=1000, high=100_000_000, log=True)
    width: int = setting(32, low=4, high=512, log=True)
    length: int = setting(24, low=1, high=1000, log=True)
    batch: int = setting(2048, low=1, high=65_536, log=True)
    epochs: int = setting(3, low=1, high=2000, log=True)
