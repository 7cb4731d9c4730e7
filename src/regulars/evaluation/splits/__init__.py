"""Ways to cut a log into what is learned and what is asked: one file each."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Protocol

from regulars.core import Dataset

from ..split import Split
from .cold import ColdItems
from .folds import Fold
from .given import GivenSplit
from .last import LeaveLastOut
from .ratio import RatioPerUser
from .strong import StrongGeneralization
from .time import TimeSplit


class Splitter(Protocol):
    """A frozen dataclass of settings that cuts a log into training events, questions and their answers."""

    def cut(self, data: Dataset) -> Split: ...


SPLITS: Final[Mapping[str, type[Splitter]]] = MappingProxyType(
    {
        "time": TimeSplit,
        "last": LeaveLastOut,
        "ratio": RatioPerUser,
        "strong": StrongGeneralization,
        "cold": ColdItems,
        "given": GivenSplit,
        "fold": Fold,
    }
)

__all__ = [
    "SPLITS",
    "ColdItems",
    "Fold",
    "GivenSplit",
    "LeaveLastOut",
    "RatioPerUser",
    "Splitter",
    "StrongGeneralization",
    "TimeSplit",
]
