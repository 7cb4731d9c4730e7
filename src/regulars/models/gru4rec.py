"""GRU4Rec: a gated recurrent network reads the session and says what comes next."""

from dataclasses import dataclass

from regulars.core import QUIET, Dataset, Run, setting

from .kinds.factors import Factors
from .sequential import Sequential


@dataclass(frozen=True)
class GRU4Rec(Sequential):
    """Session-based recommendations with recurrent networks (Hidasi, Karatzoglou, ICLR 2016; CIKM 2018) as done today.

    layers: of gated recurrent units, each as wide as an item's vector; dropout stands before each of them. Items have
    the same vectors as inputs and as answers. For anonymous visitors give `gap_minutes`, 30 for most shops: each
    session is learned from by itself, and only the current one is read.
    """

    width: int = setting(128, low=4, high=1024, log=True)
    batch: int = setting(256, low=8, high=65_536, log=True)
    rate: float = setting(3e-3, low=1e-5, high=0.1, log=True)
    dropout: float = setting(0.3, low=0.0, high=0.9)
    temperature: float = setting(0.07, low=0.0, high=1.0)
    layers: int = setting(1, low=1, high=8)

    def fit(self, data: Dataset, run: Run = QUIET) -> Factors:
        from .networks.next_item import fit
        from .networks.recurrent import Recurrent

        return fit("gru4rec", self, Recurrent(self.width, self.length, self.layers, "gru", self.dropout), data, run)
