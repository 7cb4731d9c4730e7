"""SASRec: a transformer reads the history and says what comes next."""

from dataclasses import dataclass

from regulars.core import QUIET, Dataset, Run, setting
from regulars.core.errors import SettingError

from .kinds.factors import Factors
from .sequential import Sequential


@dataclass(frozen=True)
class SASRec(Sequential):
    """Self-attentive sequential recommendation (Kang, McAuley, ICDM 2018) with today's recipe.

    blocks, heads, expansion: of the transformer; expansion: how much wider its inner layers are. block: "pre_norm", or
    "ligr", gated (Borisyuk et al. 2025). frequency: the part that slow waves of the history have beside attention, with
    `frequencies` of them (BSARec: Shin et al., AAAI 2024, alpha and c); 0: none. intervals: attention knows the time
    between two events of the history, never when it is asked.
    The defaults are those that validation chose for a shop with some ten events a customer; where customers have
    hundreds, less dropout (.2) and no waves learn faster.
    """

    epochs: int = setting(30, low=1, high=2000, log=True)
    batch: int = setting(128, low=8, high=65_536, log=True)
    rate: float = setting(2e-3, low=1e-5, high=0.1, log=True)
    warmup: float = setting(0.05, low=0.0, high=0.5)
    dropout: float = setting(0.5, low=0.0, high=0.9)
    temperature: float = setting(0.07, low=0.0, high=1.0)
    blocks: int = setting(2, low=1, high=16)
    heads: int = setting(1, low=1, high=16)
    expansion: int = setting(4, low=1, high=8)
    block: str = setting("pre_norm", choices=("pre_norm", "ligr"))
    frequency: float = setting(0.7, low=0.0, high=1.0)
    frequencies: int = setting(5, low=1, high=100, log=True)
    intervals: bool = setting(False, choices=(False, True))

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width % self.heads:
            raise SettingError(f"SASRec: width must be a multiple of heads; they are {self.width} and {self.heads}")

    def fit(self, data: Dataset, run: Run = QUIET) -> Factors:
        from .networks.next_item import fit
        from .networks.transformer import Transformer

        shape = Transformer(
            self.width,
            self.length,
            self.blocks,
            self.heads,
            self.expansion,
            self.block,
            self.dropout,
            self.frequency,
            self.frequencies,
            self.intervals,
        )
        return fit("sasrec", self, shape, data, run)
