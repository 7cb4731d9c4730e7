"""Sequential: the settings that all networks of what comes next share; nothing here needs torch."""

import math
from dataclasses import dataclass
from typing import Final

from regulars.core import setting

from .trained import Trained

CATALOG: Final = 50_000  # items up to which "auto" sums over all of them
MINUTE: Final = 60  # seconds


@dataclass(frozen=True)
class Sequential(Trained):
    """Abstract: how a network learns what comes next in a history.

    width: of the vectors of items; length: the newest events that are read; longer histories are learned from in
    windows. dropout: part of each vector that is hidden while learning.
    loss: "full", the softmax over all items; "sampled", over `negatives` items that are drawn for each step by their
    number of events to the power `popularity`, with logQ correction; "auto": full up to 50,000 items.
    temperature: 0 scores by inner products, else by cosines divided by it.
    targets: "all" learns from every event of a window, "last" from one event of each window, drawn for every epoch.
    gap_minutes: a longer pause ends a session; sessions are learned from one by one, and only the current one is read.
    inf: all that a customer did is one sequence.
    members: networks that learn one after another, each from its own beginning; their scores are added. Two of them
    are worth more than one of twice the width or the epochs; fit, model and answers take as many times as much.
    attributes: what the table of items says of an item adds to its vector, and an item without events has that vector;
    the vectors of ids are hidden for the part `forget` of the items of each step. columns: of that table, empty: all.
    """

    width: int = setting(64, low=4, high=1024, log=True)
    length: int = setting(50, low=1, high=1000, log=True)
    dropout: float = setting(0.2, low=0.0, high=0.9)
    loss: str = setting("auto", choices=("auto", "full", "sampled"))
    negatives: int = setting(2048, low=1, high=65_536, log=True)
    popularity: float = setting(0.5, low=0.0, high=1.0)
    temperature: float = setting(0.0, low=0.0, high=1.0)
    targets: str = setting("all", choices=("all", "last"))
    members: int = setting(1, low=1, high=16)
    gap_minutes: float = setting(math.inf, low=1.0, log=True)
    attributes: bool = setting(False, choices=(False, True))
    forget: float = setting(0.1, low=0.0, high=0.9)
    columns: tuple[str, ...] = ()

    @property
    def gap(self) -> float:
        """The pause that ends a session, in seconds."""
        return self.gap_minutes * MINUTE

    def sums_over_all(self, n_items: int) -> bool:
        """Whether the loss is the softmax over all items."""
        return self.loss == "full" or (self.loss == "auto" and n_items <= CATALOG)
