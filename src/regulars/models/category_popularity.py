"""CategoryPopularity: best sellers of the categories that a customer buys from."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from regulars.core import QUIET, Dataset, Frame, Progress, Run, Settings, floats, setting
from regulars.core.errors import MissingColumn
from regulars.features import kind_of
from regulars.features.kinds import echoes

from .described import described
from .kinds.category_sales import CategorySales, Shelves
from .kinds.profile import RULES, Profile

_NESTED: Final = 0.9  # of the doubt about the coarse category that the fine one must take away
_LEAST: Final = 3  # items of a category, on average; finer values name items


@dataclass(frozen=True)
class CategoryPopularity(Settings):
    """What sells now, times how much more the customer buys from its category than others do.

    score(i) = P(i) * (P(c | customer) / P(c)) ** (1 - damping) for the category c of item i. With damping = 0 that is
    the sum over categories of P(c | customer) P(i | c), a class-based model (Brown et al., Computational Linguistics
    1992, eq. 1), which offers most where most was tried already.
    P(i): part of the customers of lately, each counted by their newest purchase, halved for every `half_life_days`; an
    item has `head_start` customers beside its own, so one that nobody bought yet comes by its category.
    P(c): part of what all customers have. P(c | customer): the same of the customer, drawn to the category above, and
    at the top to P(c), by `smoothing` items (a Dirichlet prior at each level: MacKay, Peto, A hierarchical Dirichlet
    language model, Natural Language Engineering 1995). rule, memory_half_life_days: how the customer's items are
    weighed, see `Profile`. columns: the categories, coarse first; when empty the longest row of columns of the table of
    items each of which lies within the one before, else the finest one.
    It tells nothing of items without a category, nor to customers who had nothing else.
    Raises MissingColumn when no column of the table of items is a category, or one of `columns` is not there.
    """

    half_life_days: float = setting(30.0, low=0.1, log=True)
    smoothing: float = setting(100.0, low=0.1, high=100_000.0, log=True)
    damping: float = setting(0.5, low=0.0, high=1.0)
    head_start: float = setting(0.1, low=0.0, high=100.0)
    rule: str = setting("log", choices=RULES)
    memory_half_life_days: float = setting(math.inf, low=0.1, log=True)
    columns: tuple[str, ...] = ()

    def fit(self, data: Dataset, run: Run = QUIET) -> CategorySales:
        frame = self._categories(data)
        profile = Profile(self.rule, self.memory_half_life_days)
        shelves = Shelves.of(frame, _totals(data, profile))
        run.on_epoch(Progress("categories", 1, 2))
        sold = _totals(data, Profile("binary", self.half_life_days)) + self.head_start
        whole = max(sold.sum(), np.finfo(np.float32).tiny)
        run.on_epoch(Progress("categories", 2, 2))
        newcomer = float(np.float32(self.head_start / whole))
        return CategorySales(
            "category_popularity",
            data.n_items,
            shelves,
            floats(sold / whole),
            newcomer,
            self.smoothing,
            1 - self.damping,
            profile,
        )

    def _categories(self, data: Dataset) -> Frame:
        frame = described(data, self.columns, "category_popularity")
        if self.columns:
            return frame
        if names := hierarchy_of(frame):
            return frame.select(names)
        raise MissingColumn(
            "category_popularity needs a category of the items that a few of them share; the table of items has "
            f"{frame.columns}, none of which is one. Name columns = [...], coarse ones first, or add one"
        )


def hierarchy_of(frame: Frame) -> list[str]:
    """The longest row of columns of a table of items each of which lies within the one before; none without categories.

    Of several that are as long the one that ends finest.
    """
    names = [name for name in frame.columns if _groups(frame[name])]
    repeated = echoes(frame, names)
    return _longest(frame, [name for name in names if name not in repeated]) if names else []


def _totals(data: Dataset, profile: Profile) -> np.ndarray:
    """What all customers have of each item at the end of the log; float64 [n_items]."""
    now = np.full(data.n_users, data.time.max(initial=0), dtype=np.int64)
    kept = profile.of_histories(data.histories(), now, data.n_items)
    return np.bincount(kept.indices, kept.data, data.n_items)


def _groups(values: pl.Series) -> bool:
    """Whether a column says what items have in common: a category or a short text that some of them share."""
    known = values.drop_nulls()
    return kind_of(values) in ("category", "text") and 2 <= known.n_unique() <= len(known) / _LEAST


def _longest(frame: Frame, names: list[str]) -> list[str]:
    rising = sorted(names, key=lambda name: frame[name].n_unique())
    best: dict[str, list[str]] = {}
    for place, fine in enumerate(rising):
        above = [best[coarse] for coarse in rising[:place] if _within(frame, fine, coarse)]
        best[fine] = [*max(above, key=len, default=[]), fine]
    return max(reversed(best.values()), key=len)


def _within(frame: Frame, fine: str, coarse: str) -> bool:
    """Whether the fine category tells the coarse one: Goodman and Kruskal's lambda is at least _NESTED."""
    pairs = frame.select(fine=fine, coarse=coarse).drop_nulls().group_by("fine", "coarse").len()
    n = int(pairs["len"].sum())
    told = int(pairs.group_by("fine").agg(pl.col("len").max())["len"].sum())
    alone = int(pairs.group_by("coarse").agg(pl.col("len").sum())["len"].to_numpy().max(initial=0))
    return told - alone >= _NESTED * (n - alone) and n > alone
