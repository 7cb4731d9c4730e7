"""Report: what the page is made from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from regulars.core import Dataset, Frame
from regulars.data import CheckReport

from .figures import Figures


@dataclass(frozen=True)
class Report:
    """Everything that the page tells; what is not given has no section.

    shop: its name; data: all events; item_names: String [n_items], the ids if not given; check: what the check found;
    validation, test: the comparisons; winner: the method chosen on the validation; recommendations: user_id, item_id,
    rank, score, source, reason; similar: item_id, similar_item_id, rank, score; curves: name, epoch, loss, ndcg@10 of
    what learns in epochs; settings: of each method;
    protocol: whatever else is needed to do it again (seed, versions, machine, seconds), in the order to show it.
    """

    shop: str
    data: Dataset
    item_names: pl.Series | None = None
    check: CheckReport | None = None
    validation: Figures | None = None
    test: Figures | None = None
    winner: str = ""
    recommendations: Frame = field(default_factory=pl.DataFrame)
    similar: Frame = field(default_factory=pl.DataFrame)
    curves: Frame = field(default_factory=pl.DataFrame)
    settings: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    protocol: Mapping[str, str] = field(default_factory=dict)

    @property
    def figures(self) -> Figures | None:
        """What was measured last: on the test period if there is one."""
        return self.test or self.validation

    @property
    def baseline(self) -> str:
        """The method that any other must beat: popularity if it was measured, else the last of the ranking."""
        if self.figures is None:
            return ""
        ranked = self.figures.ranked(self.figures.main)["name"].to_list()
        return "popularity" if "popularity" in ranked else str(ranked[-1])

    @property
    def leader(self) -> str:
        """The method that the page speaks for: the winner, else the best of what was measured."""
        if self.winner or self.figures is None:
            return self.winner
        return str(self.figures.ranked(self.figures.main)["name"][0])

    def names(self, items: pl.Series) -> list[str]:
        """What people call the items with these ids; the id where there is no name."""
        ids = items.cast(pl.String)
        if self.item_names is None:
            return ids.to_list()
        index = pl.Series(self.data.items.index(items).astype(np.int64))
        called = self.item_names.cast(pl.String).gather(index.set(index < 0, None))
        return called.fill_null(ids).to_list()
