"""LSTM: a network with long short-term memory reads the history and says what comes next."""

from dataclasses import dataclass

from regulars.core import QUIET, Dataset, Run, setting

from .kinds.factors import Factors
from .sequential import Sequential


@dataclass(frozen=True)
class LSTM(Sequential):
    """As GRU4Rec, of cells with long short-term memory (Hochreiter, Schmidhuber 1997): a third more to compute.

    layers: of such cells, each as wide as an item's vector; dropout stands before each of them.
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

        return fit("lstm", self, Recurrent(self.width, self.length, self.layers, "lstm", self.dropout), data, run)
