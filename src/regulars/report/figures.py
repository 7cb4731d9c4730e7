"""Figures: a comparison as tables, from the object itself or from the JSON that was kept of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from regulars.core import Frame
from regulars.evaluation import Comparison

_NUMBERS = ("mean", "low", "high", "difference", "difference_low", "difference_high", "p", "value")


@dataclass(frozen=True)
class Figures:
    """What was measured of several methods, and how.

    metrics: name, metric, mean, low, high, verdict, ...; slices: the same by slicing and part; catalog: name, metric,
    value; cost: name, answer_seconds, fit_seconds, ...; split, leaks: the protocol in words; k: cut-offs; queries: how
    many customers were asked.
    """

    metrics: Frame
    slices: Frame
    catalog: Frame
    cost: Frame
    split: str
    leaks: str
    k: tuple[int, ...]
    queries: int

    @classmethod
    def of(cls, comparison: Comparison) -> "Figures":
        """The tables of a comparison."""
        return cls.read(comparison.as_dict())

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> "Figures":
        """The tables of what `Comparison.as_dict` gave, or `Comparison.json` after reading it."""
        return cls(
            _table(kept["metrics"]),
            _table(kept["slices"]),
            _table(kept["catalog"]),
            _table(kept["cost"]),
            str(kept["split"]),
            str(kept["leaks"]),
            tuple(kept["k"]),
            int(kept["queries"]),
        )

    @property
    def names(self) -> list[str]:
        """The recommenders, in the order in which they were given."""
        return self.metrics["name"].unique(maintain_order=True).to_list()

    @property
    def main(self) -> str:
        """The metric that decides: ndcg at the first cut-off."""
        return f"ndcg@{self.k[0]}"

    @property
    def recall(self) -> str:
        """The metric of the slices: recall at the first cut-off."""
        return f"recall@{self.k[0]}"

    def ranked(self, metric: str) -> Frame:
        """The rows of one metric, the best recommender first."""
        return self.metrics.filter(pl.col("metric") == metric).sort("mean", descending=True, maintain_order=True)

    def row(self, name: str, metric: str) -> dict[str, Any]:
        """The row of one recommender and metric; empty when it was not measured."""
        found = self.metrics.filter((pl.col("name") == name) & (pl.col("metric") == metric))
        return found.row(0, named=True) if found.height else {}

    def mean(self, name: str, metric: str) -> float:
        """The mean of one recommender; NaN when it was not measured."""
        value = self.row(name, metric).get("mean")
        return float("nan") if value is None else float(value)

    def part(self, slicing: str, part: str, name: str, metric: str) -> dict[str, Any]:
        """One part of a slicing for one recommender; empty when nothing was wanted there."""
        if not self.slices.height:
            return {}
        wanted = {"slicing": slicing, "part": part, "name": name, "metric": metric}
        found = self.slices.filter([pl.col(column) == value for column, value in wanted.items()])
        return found.row(0, named=True) if found.height else {}

    def of_catalog(self, name: str, metric: str) -> float:
        """What all lists of a recommender together do, such as "coverage@10"; NaN when it was not measured."""
        if not self.catalog.height:
            return float("nan")
        found = self.catalog.filter((pl.col("name") == name) & (pl.col("metric") == metric))["value"]
        return float(found[0]) if len(found) else float("nan")


def _table(rows: list[dict[str, Any]]) -> Frame:
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return frame.with_columns(pl.col(name).cast(pl.Float64) for name in _NUMBERS if name in frame.columns)
