"""Comparison: several recommenders on one split, with intervals, tests and a verdict each."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from regulars.core import Floats, Frame
from regulars.core.errors import BadTable, EmptyData, UnknownId

from .evaluation import Evaluation, defined, mean
from .ratings import RATING_METRICS, direction
from .significance import Doubles, holm, intervals, paired_p, verdict

Labels = dict[str, str]
_BATCH = 1 << 23  # figures looked at together: 64 MB in double precision


@dataclass(frozen=True)
class Comparison:
    """Evaluations of one split by the name of the recommender.

    reference: with which one each is compared; "" means the best of each metric, which flatters nobody but the best
    by chance: confirm the choice on another split. costs: further figures by recommender, such as fit_seconds, peak_mb.
    """

    evaluations: Mapping[str, Evaluation]
    reference: str = ""
    costs: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        protocols = {(e.split, e.k, e.n, e.filters) for e in self.evaluations.values()}
        if not protocols:
            raise EmptyData("a comparison needs at least one recommender; there is none")
        if len(protocols) > 1:
            raise BadTable(f"a comparison needs one split, k and filters for all; there are {sorted(protocols)}")
        if self.reference and self.reference not in self.evaluations:
            raise UnknownId(f"reference must be one of {list(self.evaluations)}; it is {self.reference!r}")

    def against(self, reference: str) -> "Comparison":
        """The same figures, each compared with the recommender of this name."""
        return replace(self, reference=reference)

    def best(self, metric: str) -> str:
        """The name of the recommender with the best mean of a metric such as "ndcg@10"; of "rmse" and "mae" the lowest.

        Raises UnknownId when nobody has that figure.
        """
        if metric not in self.metrics:
            raise UnknownId(f"nobody was measured by {metric!r}; there are {', '.join(self.metrics)}")
        return list(self.evaluations)[_best(metric, self._figures(metric))]

    @property
    def metrics(self) -> list[str]:
        """The figures that at least one of the recommenders has."""
        return list(dict.fromkeys(metric for e in self.evaluations.values() for metric in e.figures))

    def frame(self) -> Frame:
        """One row per recommender and metric: name, metric, mean, low, high (95 % interval), reference, difference,
        difference_low, difference_high, p (corrected over the recommenders), verdict, customers.
        """
        return self._frame

    def slices(self) -> Frame:
        """Like `frame`, for each slicing and part of which something was wanted: slicing and part join the columns.

        p is corrected over the recommenders and the parts of a slicing.
        """
        return self._slices

    def catalog(self) -> Frame:
        """What all lists of a recommender together do: name, metric (such as "coverage@10"), value."""
        return pl.DataFrame(
            [
                {"name": name, "metric": metric, "value": value}
                for name, e in self._named
                for metric, value in e.catalog.items()
                if not math.isnan(value)
            ]
        )

    def cost(self) -> Frame:
        """One row per recommender: seconds it took to answer, and the further costs that were given."""
        return pl.DataFrame(
            [{"name": name, "answer_seconds": e.seconds, **self.costs.get(name, {})} for name, e in self._named]
        )

    def as_dict(self) -> dict[str, Any]:
        """Everything, as JSON knows it: no NaN, null instead."""
        first = next(iter(self.evaluations.values()))
        return {
            "split": first.split,
            "leaks": first.leaks,
            "protocol": first.protocol,
            "k": list(first.k),
            "queries": first.n,
            "reference": self.reference or "best",
            "metrics": _plain(self.frame()),
            "slices": _plain(self.slices()),
            "catalog": _plain(self.catalog()),
            "cost": _plain(self.cost()),
        }

    def json(self) -> str:
        """`as_dict` as text."""
        return json.dumps(self.as_dict(), allow_nan=False)

    @cached_property
    def _frame(self) -> Frame:  # thousands of resamples: drawn once, read often
        table = self._table([({"metric": metric}, metric, self._figures(metric)) for metric in self.metrics])
        return table.filter((pl.col("customers") > 0) | pl.col("metric").is_in(list(RATING_METRICS)).not_())

    @cached_property
    def _slices(self) -> Frame:
        first = next(iter(self.evaluations.values()))
        slicings = dict.fromkeys(slicing for slicing, _, _ in first.slices)
        return pl.concat([self._table(parts) for slicing in slicings if (parts := self._parts(slicing))])

    @property
    def _named(self) -> list[tuple[str, Evaluation]]:
        return list(self.evaluations.items())

    def _figures(self, metric: str) -> Floats:
        nothing = np.full(next(iter(self.evaluations.values())).n, np.nan, dtype=np.float32)
        return np.stack([e.figures.get(metric, nothing) for _, e in self._named], axis=1)

    def _parts(self, slicing: str) -> list[tuple[Labels, str, Floats]]:
        first = next(iter(self.evaluations.values()))
        return [
            (
                {"slicing": slicing, "part": part, "metric": metric},
                metric,
                np.stack([e.slices[(of, part, metric)] for _, e in self._named], axis=1),
            )
            for of, part, metric in first.slices
            if of == slicing and defined(first.slices[(of, part, metric)])
        ]

    def _table(self, groups: Sequence[tuple[Labels, str, Floats]]) -> Frame:
        """Rows for groups of (labels, family of tests, values [n, recommenders])."""
        names = list(self.evaluations)
        references = [self._reference(metric, values) for _, metric, values in groups]
        gaps = [values - values[:, [at]] for (_, _, values), at in zip(groups, references, strict=True)]
        ends, p = _measured([values for _, _, values in groups], gaps)
        for group, at in enumerate(references):
            p[group, at] = np.nan
        families = [family for _, family, _ in groups]
        for family in set(families):
            members = [i for i, other in enumerate(families) if other == family]
            p[members] = holm(p[members].ravel()).reshape(len(members), len(names))
        verdicts = [_verdicts(*one) for one in zip(families, gaps, p, strict=True)]
        return pl.DataFrame(
            [
                {
                    "name": name,
                    **labels,
                    **_span("", mean(values[:, i]), ends[0, group, i]),
                    "reference": names[references[group]],
                    **_span("difference", mean(gaps[group][:, i]), ends[1, group, i]),
                    "p": float(p[group, i]),
                    "verdict": "reference" if i == references[group] else verdicts[group][i],
                    "customers": defined(values[:, i]),
                }
                for group, (labels, _, values) in enumerate(groups)
                for i, name in enumerate(names)
            ]
        )

    def _reference(self, metric: str, values: Floats) -> int:
        return list(self.evaluations).index(self.reference) if self.reference else _best(metric, values)


def _measured(values: Sequence[Floats], gaps: Sequence[Floats]) -> tuple[Doubles, Doubles]:
    """Intervals of the values and of the gaps, [2, groups, recommenders, 2], and p values, [groups, recommenders].

    Some groups at a time, so that the memory stays bounded; each batch draws its resamples anew, and the same ones.
    """
    n, width = values[0].shape
    size = max(1, _BATCH // max(1, n * width))
    parts = [
        intervals(np.concatenate([*values[at : at + size], *gaps[at : at + size]], axis=1)).reshape(2, -1, width, 2)
        for at in range(0, len(values), size)
    ]
    return np.concatenate(parts, axis=1), np.stack([paired_p(gap) for gap in gaps])


def _span(prefix: str, middle: float, ends: np.ndarray) -> dict[str, float]:
    if not prefix:
        return {"mean": middle, "low": float(ends[0]), "high": float(ends[1])}
    return {prefix: middle, f"{prefix}_low": float(ends[0]), f"{prefix}_high": float(ends[1])}


def _best(metric: str, values: Floats) -> int:
    """The column with the best mean, the last choice being one without any."""
    means = [direction(metric) * mean(column) for column in values.T]
    return int(np.argmax([-math.inf if math.isnan(value) else value for value in means]))


def _verdicts(metric: str, gaps: Floats, p: Doubles) -> list[str]:
    """What to say of each column of differences."""
    return [verdict(direction(metric) * mean(gap), one) for gap, one in zip(gaps.T, p.tolist(), strict=True)]


def _plain(frame: Frame) -> list[dict[str, Any]]:
    return frame.fill_nan(None).to_dicts()
