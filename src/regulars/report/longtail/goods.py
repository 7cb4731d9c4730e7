"""Goods: what a shop calls its items, how it groups them and what they look like."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from regulars.core import Bools, Floats, Ints, Longs
from regulars.core.errors import BadTable

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Picture = bytes | Path | None

_ENTRIES = 1 << 24  # pairs of items with a group in common that are held at a time


@dataclass(frozen=True)
class Goods:
    """names: String [n_items]; groups: the category of each, or a list of several, null where unknown; of length 0 when
    items have none. group: what that column is called. pictures: for each item the bytes of a picture file or its path;
    of length 0 when there are none.
    """

    names: pl.Series
    groups: pl.Series = field(default_factory=lambda: pl.Series([], dtype=pl.String))
    group: str = "category"
    pictures: Sequence[Picture] = ()

    def __post_init__(self) -> None:
        for what, length in (("groups", len(self.groups)), ("pictures", len(self.pictures))):
            if length not in (0, len(self.names)):
                raise BadTable(f"{len(self.names)} items need as many {what}; there are {length}")

    def __len__(self) -> int:
        return len(self.names)

    @property
    def grouped(self) -> bool:
        """Whether the shop says of any item what it belongs to."""
        return len(self.groups) > 0

    @cached_property
    def first(self) -> pl.Series:
        """The group of each item, the first of several; null where unknown; String [n_items]."""
        if not self.grouped:
            return pl.Series([None] * len(self), dtype=pl.String)
        one = self.groups.list.first() if isinstance(self.groups.dtype, pl.List) else self.groups
        return one.cast(pl.String)

    @cached_property
    def members(self) -> "csr_array":
        """Which groups each item belongs to; ones [n_items, n_groups]."""
        from scipy.sparse import csr_array

        table = pl.DataFrame({"item": np.arange(len(self)), "group": self.groups if self.grouped else self.first})
        if isinstance(table.schema["group"], pl.List):
            table = table.explode("group")
        table = table.drop_nulls().unique(maintain_order=True)
        codes = table["group"].cast(pl.String).rank("dense").to_numpy().astype(np.int64) - 1
        shape = (len(self), int(codes.max(initial=-1)) + 1)
        return csr_array((np.ones(len(codes), dtype=np.float32), (table["item"].to_numpy(), codes)), shape=shape)

    @cached_property
    def known(self) -> Bools:
        """Of which items any group is known; bool [n_items]."""
        return np.asarray(np.diff(self.members.indptr) > 0)

    def alike(self, items: Ints | Longs, others: Ints) -> Floats:
        """Whether others[i, j] shares a group with items[i]: 1 or 0, NaN for MISSING and where a group is not known."""
        rows, places = np.nonzero(others >= 0)
        left, right = items[rows], others[rows, places]
        shared = self.members[left].multiply(self.members[right]).sum(axis=1)
        judged = np.full(others.shape, np.nan, dtype=np.float32)
        both = self.known[left] & self.known[right]
        judged[rows[both], places[both]] = np.asarray(shared).ravel()[both] > 0
        return judged

    def strangers(self, items: Ints | Longs, pool: Bools) -> Floats:
        """Share of the other items of `pool` (bool [n_items]) that share no group with each of `items`.

        What an answer drawn by chance would have, among those whose group is known; NaN where the item's own is not.
        """
        pool = pool & self.known
        others = self.members[pool].T.tocsr()
        size = 1 + _ENTRIES // max(1, others.shape[1])
        sharing = np.zeros(len(items), dtype=np.int64)
        for at in range(0, len(items), size):
            rows = slice(at, at + size)
            sharing[rows] = np.diff((self.members[items[rows]] @ others).tocsr().indptr)
        itself = pool[items].astype(np.int64)
        share = 1.0 - (sharing - itself) / np.maximum(int(pool.sum()) - itself, 1)
        return np.where(self.known[items], share, np.nan).astype(np.float32)
