"""Launches: which of the items that nobody has met yet are about to be, by what is known of them."""

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from regulars.core import Bools, Dataset, Frame, Ints
from regulars.features import Columns
from regulars.features.kinds import kind_of

from .lives import PERIODS, Lives, Period, found
from .poisson import log_linear

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Doubles = np.ndarray[Any, np.dtype[np.float64]]
BINS: Final = 16  # of a number or day
SMOOTH: Final = 20.0  # items like all that join those of a value
LITTLE: Final = 0.5  # customers that are expected of all where there were none
READ: Final = ("category", "list", "number", "date")


def launched(data: Dataset, newest: Period) -> Doubles:
    """The log of how many customers will discover each item in the period after `newest`, were it not met yet.

    A shop lists what has relatives: the next variant of a product, the season's department, the numbers that follow. So
    for each column the share of launches, items that were met for the first time in a period, among the others of the
    same value tells how it is with an item. What nobody had met before each of the last PERIODS periods, and how many
    customers discovered it in that, tells how much each column counts. float64 [n_items].
    """
    columns = Relatives.of(data.item_features)
    met = [Lives.until(data, newest.before(periods)).met for periods in range(PERIODS + 2)]
    shares = [columns.shares(now & ~before) for now, before in pairwise(met)]
    cases = [
        (shares[back + 1][~met[back + 1]], found(data, newest.before(back))[~met[back + 1]]) for back in range(PERIODS)
    ]
    features, counts = (np.concatenate(parts) for parts in zip(*cases, strict=True))
    if not counts.any():
        return np.full(data.n_items, np.log(LITTLE / max(1, len(counts))))
    rates: Doubles = shares[0] @ log_linear(features, counts)
    return rates


@dataclass(frozen=True)
class Relatives:
    """Which items share values. values: float32 csr [n_items, n_values]; columns: int32 [n_values], of a table."""

    values: "csr_array"
    columns: Ints

    @classmethod
    def of(cls, frame: Frame) -> "Relatives":
        """Texts and vectors are not looked at; whole numbers that name something are also read in their order."""
        kinds = {name: kind_of(frame[name]) for name in frame.columns}
        names = [name for name, kind in kinds.items() if kind in READ]
        numbered = [name for name in names if kinds[name] == "category" and frame[name].dtype.is_integer()]
        ordered = [frame[name].alias(f"{name} in order") for name in numbered if frame[name].n_unique() > BINS]
        table = frame.select(names).with_columns(ordered)
        columns = Columns.learn(table, kinds={values.name: "number" for values in ordered}, bins=BINS)
        return cls(columns.matrix(table), columns.groups)

    def shares(self, launches: Bools) -> Doubles:
        """1, and for each column the log of the share of launches among the others of the item's values, over that
        among all; 0 where the item has none; float64 [n_items, 1 + n_columns]."""
        n, width = len(launches), int(self.columns.max(initial=-1)) + 1
        rows = np.repeat(np.arange(n), np.diff(self.values.indptr))
        at = self.values.indices
        usual = max(launches.mean(), 1 / max(1, n))
        among, having = np.bincount(at, launches[rows]), np.bincount(at)
        share = (among[at] - launches[rows] + SMOOTH * usual) / (having[at] - 1 + SMOOTH)
        blocks = rows * width + self.columns[at]
        sums, values = (np.bincount(blocks, weigh, n * width) for weigh in (np.log(share / usual), None))
        told = (sums / np.maximum(values, 1)).reshape(n, width)
        return np.column_stack([np.ones(n), told])
