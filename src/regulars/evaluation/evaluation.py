"""Evaluation: what one recommender reached on one split, query by query."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from regulars.core import Floats, Frame

from .significance import intervals


@dataclass(frozen=True)
class Evaluation:
    """figures: by name such as "recall@10", float32 [n], one for each query, NaN where nothing was wanted; of who
    foretells ratings also "rmse" and the other RATING_METRICS.

    slices: by (slicing, part, name), the same for a part of what was wanted. catalog: by name such as "coverage@10".
    split and leaks: the protocol in words; k: the cut-offs, the main one first; seconds: spent by the recommender on
    answering; filters: the names of the rules about what may be shown.
    """

    split: str
    leaks: str
    k: tuple[int, ...]
    figures: Mapping[str, Floats]
    slices: Mapping[tuple[str, str, str], Floats]
    catalog: Mapping[str, float]
    seconds: float
    filters: tuple[str, ...] = ()

    @property
    def protocol(self) -> str:
        """How it was measured, in a sentence."""
        rules = f"filtered by {' and '.join(self.filters)}" if self.filters else "everything may be shown"
        return f"{self.split}: {self.n:,} customers, the whole catalog ranked, {rules}, ties count against the list" + (
            f"; {self.leaks}" if self.leaks else ""
        )

    @property
    def n(self) -> int:
        """How many questions were asked."""
        return len(next(iter(self.figures.values())))

    @property
    def means(self) -> dict[str, float]:
        """The mean of each figure over the queries for which it is defined; NaN when there are none."""
        return {name: mean(values) for name, values in self.figures.items()}

    def frame(self) -> Frame:
        """A table: metric, mean, low, high (95 % bootstrap interval over the customers), customers."""
        ends = intervals(np.stack(list(self.figures.values()), axis=1))
        return Frame(
            [
                {"metric": name, "mean": mean(values), "low": low, "high": high, "customers": defined(values)}
                for (name, values), (low, high) in zip(self.figures.items(), ends.tolist(), strict=True)
            ]
        )


def mean(values: Floats) -> float:
    """The mean of what is defined; NaN when nothing is."""
    present = values[~np.isnan(values)]
    return float(present.mean(dtype=np.float64)) if len(present) else float("nan")


def defined(values: Floats) -> int:
    """For how many queries the figure is defined."""
    return int(np.count_nonzero(~np.isnan(values)))
