"""A split that somebody made: a column of the events says which belong to the test."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from regulars.core import Dataset, Settings, setting
from regulars.core.errors import EmptyData, MissingColumn

from ..split import Split, asking, targets, wanted_by
from .ratio import mixing


@dataclass(frozen=True)
class GivenSplit(Settings):
    """Asks for the events that `column` labels with the first of `withheld` that occurs; all others are training.

    With ("test", "valid") a log with train, valid and test events gives the test; applied to the training part of
    that, which holds no test events, it gives the validation. strangers: ask also those without training events.
    """

    column: str = setting("split")
    withheld: tuple[str, ...] = ("test", "valid")
    kinds: tuple[str, ...] = ()
    strangers: bool = setting(False)

    def cut(self, data: Dataset) -> Split:
        """Raises MissingColumn when the events lack the column, EmptyData when no label of `withheld` occurs in it."""
        if self.column not in data.context.columns:
            raise MissingColumn(f"GivenSplit needs the column {self.column!r}; the events have {data.context.columns}")
        labels = data.context[self.column].cast(pl.String)
        found = set(labels.unique().drop_nulls().to_list())
        label = next((name for name in self.withheld if name in found), None)
        if label is None:
            raise EmptyData(
                f"GivenSplit withholds the first of {list(self.withheld)} that column {self.column!r} holds; "
                f"it holds {sorted(found)[:10]}"
            )
        withheld = (labels == label).fill_null(False).to_numpy()
        target = targets(data, self.kinds)
        users = np.unique(data.user[withheld & target])
        train = data.where(~withheld)
        queries = train.queries(users, int(data.time.max()) + 1)
        wanted = wanted_by(data, users, withheld, target)
        name = f"events labelled {label!r} in column {self.column!r}"
        leaks = "" if _later(data, withheld) else mixing(data)
        return asking(Split(name, train, queries, wanted, leaks=leaks), strangers=self.strangers)


def _later(data: Dataset, withheld: np.ndarray) -> bool:
    """Whether every withheld event came after every other."""
    return bool(data.time[withheld].min() > data.time[~withheld].max(initial=np.iinfo(np.int64).min))
