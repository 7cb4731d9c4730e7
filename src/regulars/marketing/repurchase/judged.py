"""How good the probabilities are: of each pair, and of each customer's list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from regulars.core import Bools, Dataset, Floats, Frame, Ints, floats, starts_of
from regulars.evaluation.significance import holm, intervals, paired_p, verdict

from .method import HORIZONS, RepurchaseModel
from .pairs import Pairs
from .reading import bought_within
from .spans import Drawn

LENGTH = 10  # of a customer's list
BINS = 15  # of a reliability plot, each with as many pairs
_NEAREST = 1e-6
OF_CUSTOMERS = {"ndcg": 1, "log loss of a customer": -1, "brier of a customer": -1}  # 1: more is better
BETTER = OF_CUSTOMERS | {"log loss": -1, "average precision": 1}


@dataclass(frozen=True)
class Judged:
    """What one model said of pairs, and what happened, for one horizon.

    row: int32 [n], the customer of each pair; said: float32 [n]; happened: bool [n].
    """

    name: str
    horizon: int
    row: Ints
    said: Floats
    happened: Bools

    def per_customer(self) -> Floats:
        """NDCG@10, and the mean of log loss and Brier score of the customer's pairs; float32 [m, 3], NaN for none."""
        m = int(self.row.max(initial=-1)) + 1
        chances = np.clip(self.said.astype(np.float64), _NEAREST, 1 - _NEAREST)
        loss = -np.where(self.happened, np.log(chances), np.log1p(-chances))
        square = np.square(chances - self.happened)
        counts = np.bincount(self.row, minlength=m)
        there = np.where(counts > 0, counts, np.nan)
        means = [np.bincount(self.row, values, m) / there for values in (loss, square)]
        return floats(np.column_stack([ndcg(self.row, self.said, self.happened, LENGTH), *means]))

    def per_pair(self) -> dict[str, float]:
        """Figures over all pairs alike."""
        chances = np.clip(self.said.astype(np.float64), _NEAREST, 1 - _NEAREST)
        loss = -np.where(self.happened, np.log(chances), np.log1p(-chances))
        return {
            "log loss": float(loss.mean()),
            "brier": float(np.square(chances - self.happened).mean()),
            "average precision": average_precision(self.said, self.happened),
            "ece": float(expected_calibration_error(self.said, self.happened)),
        }

    def drawn(self) -> Drawn:
        """The figures over all pairs, of other customers of the same kind."""
        return Drawn.of(self.row, self.said, self.happened)

    def reliability(self, bins: int = BINS) -> Frame:
        """What was said and what happened in bins of as many pairs each: said, happened, pairs."""
        order = np.argsort(self.said, kind="stable")
        parts = np.array_split(order, bins)
        rows = [(float(self.said[p].mean()), float(self.happened[p].mean()), len(p)) for p in parts if len(p)]
        return pl.DataFrame(rows, schema=["said", "happened", "pairs"], orient="row")


def judged(
    models: Mapping[str, RepurchaseModel], data: Dataset, pairs: Pairs, horizons: Sequence[int] = HORIZONS
) -> list[Judged]:
    """Asks each model and looks up what happened; the pairs of which a model cannot tell are left out for all.

    Raises EmptyData when the log ends before the longest horizon does.
    """
    happened = bought_within(data, pairs, horizons)
    said = {name: model.probabilities(pairs, horizons) for name, model in models.items()}
    known = ~np.isnan(np.concatenate(list(said.values()), axis=1)).any(axis=1)
    return [
        Judged(name, weeks, pairs.row[known], told[known, place], happened[known, place])
        for name, told in said.items()
        for place, weeks in enumerate(horizons)
    ]


def table(results: Sequence[Judged], against: str) -> Frame:
    """Every figure of every model: model, horizon_weeks, figure, value, low, high, difference, p, verdict.

    NDCG@10, "log loss of a customer" and "brier of a customer" are means over customers: low, high is their 95 %
    interval, difference is to the model `against`, p its corrected p value. "log loss", "brier", "average precision"
    and "ece" are over all pairs alike, so that those with many products count more; "brier" and "ece" have a value
    only, intervals of the others are drawn over customers.
    """
    rows: list[dict[str, object]] = []
    for weeks in dict.fromkeys(result.horizon for result in results):
        mine = [result for result in results if result.horizon == weeks]
        first = next(result for result in mine if result.name == against)
        beside, drawn_beside = first.per_customer(), first.drawn()
        for result in mine:
            own, drawn = result.per_customer(), result.drawn()
            rows += _rows(result, own, own - beside) + _over_pairs(result, drawn, drawn_beside, first)
    frame = pl.DataFrame(rows)
    corrected = holm(frame["p"].fill_null(float("nan")).to_numpy())
    said = [
        verdict((difference or 0) * BETTER.get(figure, 0), p)
        for difference, figure, p in zip(frame["difference"], frame["figure"], corrected, strict=True)
    ]
    return frame.with_columns(p=pl.Series(corrected).fill_nan(None), verdict=pl.Series(said))


def _rows(result: Judged, own: Floats, differences: Floats) -> list[dict[str, object]]:
    ends, p = intervals(own), paired_p(differences)
    rows: list[dict[str, object]] = []
    for place, figure in enumerate(OF_CUSTOMERS):
        told: dict[str, object] = {"low": float(ends[place, 0]), "high": float(ends[place, 1])}
        told |= {"difference": _mean(differences[:, place]), "p": float(p[place]) if differences.any() else None}
        rows.append(_row(result, figure, _mean(own[:, place])) | told)
    return rows


def _over_pairs(result: Judged, drawn: Drawn, beside: Drawn, first: Judged) -> list[dict[str, object]]:
    values, others = result.per_pair(), first.per_pair()
    rows = []
    for figure, value in values.items():
        told: dict[str, object] = {"low": None, "high": None, "difference": None, "p": None}
        if figure in drawn.figures:
            low, high = drawn.interval(figure)
            told |= {"low": low, "high": high, "difference": value - others[figure]}
            told["p"] = None if result is first else drawn.p(figure, value - others[figure], beside)
        rows.append(_row(result, figure, value) | told)
    return rows


def _row(result: Judged, figure: str, value: float) -> dict[str, object]:
    return {"model": result.name, "horizon_weeks": result.horizon, "figure": figure, "value": value}


def _mean(values: Floats) -> float:
    """The mean of what is defined, NaN where nothing is."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def ndcg(row: Ints, said: Floats, happened: Bools, k: int) -> Floats:
    """NDCG@k of each customer's pairs in the order of what was said; float32 [m], NaN where nothing happened.

    Equal probabilities count as if they stood in the worst order.
    """
    m = int(row.max(initial=-1)) + 1
    order = np.lexsort((happened, -said, row))
    starts = starts_of(np.bincount(row, minlength=m))
    rank = np.arange(len(row)) - starts[row[order]]
    gains = np.where(happened[order] & (rank < k), 1 / np.log2(rank + 2.0), 0.0)
    found = np.bincount(row[order], gains, m)
    ideal = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(k) + 2.0))])
    best = ideal[np.minimum(np.bincount(row, happened, m).astype(np.int64), k)]
    return floats(np.where(best > 0, found / np.where(best > 0, best, 1), np.nan))


def average_precision(said: Floats, happened: Bools) -> float:
    """Mean precision at each that happened, in the order of what was said; equal ones stand together."""
    order = np.argsort(-said, kind="stable")
    found = np.cumsum(happened[order])
    last = np.append(np.diff(said[order]) != 0, True) if len(said) else np.zeros(0, dtype=np.bool_)
    hits, places = found[last], np.flatnonzero(last) + 1
    total = int(found[-1]) if len(found) else 0
    return float((np.diff(hits, prepend=0) * hits / places).sum() / total) if total else float("nan")


def expected_calibration_error(said: Floats, happened: Bools, bins: int = BINS) -> float:
    """Mean distance between what is said and what happens, in bins of as many pairs each (Naeini et al., AAAI 2015)."""
    parts = np.array_split(np.argsort(said, kind="stable"), bins)
    apart = [abs(float(said[p].mean()) - float(happened[p].mean())) * len(p) for p in parts if len(p)]
    return sum(apart) / max(len(said), 1)
