"""What every column of features can do, and how entries of a sparse matrix are passed around."""

from typing import NamedTuple, Protocol

import polars as pl

from regulars.core import Floats, Longs


class Entries(NamedTuple):
    """Entries of a sparse matrix: row, feature and value; each pair once."""

    rows: Longs
    features: Longs
    values: Floats


class Part(Protocol):
    """The features that one column of a table gives."""

    @property
    def column(self) -> str: ...

    @property
    def names(self) -> tuple[str, ...]:
        """One name for each feature."""
        ...

    def entries(self, values: pl.Series) -> Entries:
        """What the values of the column say, in this part's own features; nothing for null and for the unknown."""
        ...
