"""Launches: which of the items that nobody has met yet are about to be, by what is known of them."""

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from regulars.core import Bools, Dataset, Frame, Ints
from regulars.features import Columns
from regulars.features.kinds import kind_of

from .lives import PERIODS, Finds, Lives, Period
from .poisson import log_linear

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Doubles = np.ndarray[Any, np.dtype[np.float64]]
BINS: Final = 16  # of a number or day
SMOOTH: Final = 20.0  # items like all that join those of a value
LITTLE: Final = 0.5  # customers that are expected of all where there were none
SPREAD: Final = (0.16, 0.5, 0.84)  # a deviation below, the middle, a deviation above
NARROW: Final = 1e-3  # of all items, a deviation at least
FAR: Final = 4.0  # deviations, at most
READ: Final = ("category", "list", "number", "date")


def launched(data: Dataset, newest: Period, *, described: Frame, finds: Finds) -> Doubles:
    """The log of how many customers will discover each item in the period after `newest`, were it not met yet.

    A shop lists what has relatives: the next variant of a product, the season's department, the numbers that follow. So
    for each column the share of launches, items that were met for the first time in a period, among the others of the
    same value tells how it is with an item, and for numbers and days how far from the launches it stands. What nobody
    had met before each of the last PERIODS periods, and how many customers discovered it in that, tells how much each
    of these counts. float64 [n_items].
    described: what is known of the items, a row for each; finds: all discoveries.
    """
    relatives = Relatives.of(described)
    met = [Lives.until(data, newest.before(periods)).met for periods in range(PERIODS + 2)]
    features = [relatives.features(now & ~before) for now, before in pairwise(met)]
    cases = [
        (features[back + 1][~met[back + 1]], finds.within(newest.before(back), data.n_items)[~met[back + 1]])
        for back in range(PERIODS)
    ]
    earlier, counts = (np.concatenate(parts) for parts in zip(*cases, strict=True))
    if not counts.any():
        return np.full(data.n_items, np.log(LITTLE / max(1, len(counts))))
    rates: Doubles = features[0] @ log_linear(earlier, counts)
    return rates


@dataclass(frozen=True)
class Relatives:
    """Which items share values, and how they follow each other.

    values: float32 csr [n_items, n_values]; columns: int32 [n_values], of a table; ranks: float64 [n_items, m] in
    (0, 1], of numbers and days, NaN where missing.
    """

    values: "csr_array"
    columns: Ints
    ranks: Doubles

    @classmethod
    def of(cls, frame: Frame) -> "Relatives":
        """Texts and vectors are not looked at; whole numbers that name something are also read in their order."""
        kinds = {name: kind_of(frame[name]) for name in frame.columns}
        codes = [name for name, kind in kinds.items() if kind == "category" and frame[name].dtype.is_integer()]
        read = [name for name in codes if frame[name].n_unique() > BINS]
        table = frame.with_columns(frame[name].alias(f"{name} in order") for name in read)
        skipped = {name: "skip" for name, kind in kinds.items() if kind not in READ}
        columns = Columns.learn(table, kinds={**skipped, **{f"{name} in order": "number" for name in read}}, bins=BINS)
        ordered = [frame[name].rank() for name, kind in kinds.items() if kind in ("number", "date") or name in read]
        ranks = np.column_stack([np.empty((frame.height, 0)), *(rank.to_numpy() / rank.count() for rank in ordered)])
        return cls(columns.matrix(table), columns.groups, ranks)

    def features(self, launches: Bools) -> Doubles:
        """What log rates are linear in, 1 first; float64 [n_items, d]."""
        return np.column_stack([np.ones(len(launches)), self.shares(launches), self.distances(launches)])

    def shares(self, launches: Bools) -> Doubles:
        """For each column the log of the share of launches among the others of the item's values, over that among all;
        0 where the item has none; float64 [n_items, n_columns]."""
        n, width = len(launches), int(self.columns.max(initial=-1)) + 1
        rows = np.repeat(np.arange(n), np.diff(self.values.indptr))
        at = self.values.indices
        usual = max(launches.mean(), 1 / max(1, n))
        among, having = np.bincount(at, launches[rows]), np.bincount(at)
        share = (among[at] - launches[rows] + SMOOTH * usual) / (having[at] - 1 + SMOOTH)
        blocks = rows * width + self.columns[at]
        sums, values = (np.bincount(blocks, weigh, n * width) for weigh in (np.log(share / usual), None))
        told: Doubles = (sums / np.maximum(values, 1)).reshape(n, width)
        return told

    def distances(self, launches: Bools) -> Doubles:
        """How far behind the launches an item stands in each order, in their deviations, and its square: what is listed
        next follows what was listed last; 0 where that is not known; float64 [n_items, 2 m]."""
        far = np.zeros(self.ranks.shape)
        for column in np.flatnonzero(~np.isnan(self.ranks[launches]).all(axis=0)):
            low, middle, high = np.nanquantile(self.ranks[launches, column], SPREAD)
            far[:, column] = (self.ranks[:, column] - middle) / max((high - low) / 2, NARROW)
        far = np.nan_to_num(np.clip(far, -FAR, FAR))
        return np.column_stack([far, far * far])
