"""What a section tells of."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from .study import LongTail


@dataclass(frozen=True)
class Told:
    """What a section tells of: the findings, and further facts of the protocol."""

    found: LongTail
    facts: Mapping[str, str]

    @property
    def ids(self) -> pl.Series:
        """What the shop calls its items by, as text."""
        return self.found.train.items.ids.cast(pl.String)
