"""Columns: what speaks for a purchase of each pair, as numbers beside one another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from regulars.core import MISSING, Dataset, Floats, Frame, Ints, Longs, floats, ints
from regulars.features.inputs import Inputs

from .groups import codes_of, group_columns
from .method import HORIZONS, RepurchaseModel
from .pairs import Pairs

UNKNOWN = -1.0  # stands where nothing can be told
WINDOWS = (14, 28, 56, 84, 182)  # days in which purchases are counted
HALF_LIVES = (14.0, 45.0, 150.0)  # days
VISITS = (28, 84, 364)  # days in which visits are counted
GROUPS = 6  # columns of the items by which a customer's other purchases are summed up
_LEAST = 30  # rows that a value of an attribute needs

Named = tuple[str, np.ndarray]


@dataclass(frozen=True)
class PairReader:
    """How pairs are read; values that a model holds.

    groups: int32 [n_items, g], MISSING where not known; group_names: of its columns. items: float32 [n_items, c],
    attributes as codes and numbers; customers: how the attributes of a customer are read.
    """

    group_names: tuple[str, ...]
    groups: Ints
    item_names: tuple[str, ...]
    items: Floats
    customers: Inputs

    @classmethod
    def of(cls, data: Dataset) -> "PairReader":
        """Of the attributes that the tables of a shop have."""
        names = group_columns(data.item_features, GROUPS)
        codes = [codes_of(data.item_features, name, data.n_items) for name in names]
        groups = np.column_stack(codes) if codes else np.zeros((data.n_items, 0), dtype=np.int32)
        item_inputs = _inputs(data.item_features)
        encoded = item_inputs.encode(data.item_features, data.n_items)
        table = np.column_stack([encoded.categories, encoded.numbers]).astype(np.float32)
        return cls(tuple(names), ints(groups), _names(item_inputs), table, _inputs(data.user_features))

    def read(self, pairs: Pairs, models: Sequence[RepurchaseModel]) -> tuple[tuple[str, ...], Floats]:
        """The names of the columns and float32 [n, columns]; all pairs of a customer must be there."""
        parts = [*_habits(pairs), *_trips(pairs), *_paid(pairs), *_sales(pairs), *_in_groups(pairs, self)]
        for place, model in enumerate(models):
            said = np.clip(model.probabilities(pairs, HORIZONS), 1e-7, 1 - 1e-7)
            odds = np.log(said) - np.log1p(-said)
            parts += [(told_by(place + 1, weeks), odds[:, i]) for i, weeks in enumerate(HORIZONS)]
        known = (pairs.items >= 0) & (pairs.items < len(self.items))
        own = np.where(known[:, None], self.items[np.where(known, pairs.items, 0)], 0)
        parts += zip(self.item_names, own.T, strict=True)
        parts += _attributes(self.customers, pairs)
        return tuple(name for name, _ in parts), floats(np.column_stack([column for _, column in parts]))


def told_by(model: int, weeks: int) -> str:
    """The column with the log odds that a model says, from 1, of a purchase within so many weeks."""
    return f"model {model}, {weeks} weeks"


def _inputs(frame: Frame) -> Inputs:
    texts = {name: "skip" for name in frame.columns if frame[name].dtype.is_nested()}
    return Inputs.learn(frame, kinds=texts, min_count=_LEAST)


def _habits(pairs: Pairs) -> Iterator[Named]:
    """How often, how long ago, at what gaps."""
    n = len(pairs)
    of_pair = np.repeat(np.arange(n), pairs.counts)
    starts, gaps = pairs.gaps
    of_gap = np.repeat(np.arange(n), np.diff(starts))
    ended = np.diff(starts)
    mean = np.where(ended > 0, (pairs.first - pairs.since) / np.maximum(ended, 1), UNKNOWN)
    squares = np.bincount(of_gap, gaps.astype(np.float64) ** 2, n) / np.maximum(ended, 1)
    deviation = np.sqrt(np.maximum(squares - mean**2, 0))
    last = np.full(n, UNKNOWN)
    last[ended > 0] = gaps[starts[1:][ended > 0] - 1]
    yield "days bought", np.log1p(pairs.counts)
    yield "since the last", pairs.since
    yield "since the first", pairs.first
    yield "mean gap", mean
    yield "last gap", last
    yield "spread of gaps", np.where(ended > 1, deviation / np.maximum(mean, 1), UNKNOWN)
    yield "since beside mean gap", np.where(ended > 0, pairs.since / np.maximum(mean, 1), UNKNOWN)
    yield "overdue", np.where(ended > 0, pairs.since - mean, 0)
    yield "days bought per week", pairs.counts / (pairs.first / 7 + 1)
    for days in WINDOWS:
        yield f"days bought of {days}", np.bincount(of_pair, pairs.ages < days, n)
    for half in HALF_LIVES:
        yield f"decayed by {half:.0f}", np.log(np.bincount(of_pair, np.exp2(-pairs.ages / half), n) + 1e-4)


def _trips(pairs: Pairs) -> Iterator[Named]:
    """How often the customer comes, and what the pair is among these visits."""
    m = len(pairs.users)
    lengths = np.diff(pairs.visit_starts)
    of_row = np.repeat(np.arange(m), lengths)
    some = lengths > 0
    last, first = np.full(m, UNKNOWN), np.full(m, UNKNOWN)
    last[some], first[some] = (
        pairs.visits[pairs.visit_starts[1:][some] - 1],
        pairs.visits[pairs.visit_starts[:-1][some]],
    )
    gap = np.where(lengths > 1, (first - last) / np.maximum(lengths - 1, 1), UNKNOWN)
    after, during = _visits_after(pairs, pairs.since), _visits_after(pairs, pairs.first)
    owned = np.bincount(pairs.row, minlength=m)
    again = np.bincount(pairs.row, pairs.counts > 1, m)
    lately = np.bincount(pairs.row, np.diff(np.append(0, np.cumsum(pairs.ages < 28))[pairs.starts]), m)
    columns = {
        "since the last visit": last,
        "gap of visits": gap,
        "since the last visit beside its gap": np.where(gap > 0, last / np.maximum(gap, 1), UNKNOWN),
        "products": np.log1p(owned),
        "share bought again": again / np.maximum(owned, 1),
        "purchases of 28 days": lately,
        "observed": first,
        **{f"visits of {days} days": np.bincount(of_row, pairs.visits < days, m) for days in VISITS},
    }
    yield from ((name, column[pairs.row]) for name, column in columns.items())
    yield "visits since", after
    yield "share of visits", pairs.counts / (during + 1)
    yield "visits since beside usual", (after + 1) * pairs.counts / (during + 1)


def _visits_after(pairs: Pairs, age: Ints) -> Longs:
    """On how many later days than `age` (of each pair) the customer came; int64 [n]."""
    width = int(pairs.visits.max(initial=0)) + 2
    of_row = np.repeat(np.arange(len(pairs.users)), np.diff(pairs.visit_starts))
    keys = of_row * width + (width - 1 - pairs.visits)
    found = np.searchsorted(keys, pairs.row.astype(np.int64) * width + (width - 1 - age), side="right")
    return pairs.visit_starts[pairs.row + 1] - found


def _paid(pairs: Pairs) -> Iterator[Named]:
    """How much at what price, and what it costs now."""
    n = len(pairs)
    of_pair = np.repeat(np.arange(n), pairs.counts)
    newest = pairs.starts[1:] - 1

    def mean(values: Floats) -> np.ndarray:
        known = ~np.isnan(values)
        counts = np.bincount(of_pair[known], minlength=n)
        return np.where(counts > 0, np.bincount(of_pair[known], values[known], n) / np.maximum(counts, 1), np.nan)

    now, usual = pairs.shelf[:, 0], pairs.shelf[:, 1]
    last = pairs.prices[newest]
    yield "units", _told(np.log1p(np.maximum(mean(pairs.quantities), 0)))
    yield "units the last time", _told(np.log1p(np.maximum(pairs.quantities[newest], 0)))
    yield "usual price", _told(usual)
    with np.errstate(divide="ignore", invalid="ignore"):
        yield "price now beside usual", _told(now / usual)
        yield "price now beside the last paid", _told(now / last)
        yield "last paid beside usual", _told(last / usual)
    yield "promoted", _told(mean(pairs.promoted))
    yield "promoted the last time", _told(pairs.promoted[newest])


def _sales(pairs: Pairs) -> Iterator[Named]:
    """How the product sells."""
    lately, longer = pairs.shelf[:, 2], pairs.shelf[:, 3]
    yield "buyers", _told(np.log1p(lately))
    yield "buyers beside usual", _told((lately + 0.1) / (longer + 0.1))


def _in_groups(pairs: Pairs, reader: PairReader) -> Iterator[Named]:
    """What the customer bought of the same group."""
    of_pair = np.repeat(np.arange(len(pairs)), pairs.counts)
    decayed = np.bincount(of_pair, np.exp2(-pairs.ages / 45.0), len(pairs))
    lately = np.bincount(of_pair, pairs.ages < 28, len(pairs))
    for name, groups in zip(reader.group_names, reader.groups.T, strict=True):
        known = (pairs.items >= 0) & (pairs.items < len(groups))
        group = np.where(known, groups[np.where(known, pairs.items, 0)], MISSING).astype(np.int64)
        keys, inverse = np.unique(pairs.row * (int(groups.max(initial=0)) + 2) + group + 1, return_inverse=True)
        total, recent = (np.bincount(inverse, values, len(keys)) for values in (decayed, lately))
        since = np.full(len(keys), np.iinfo(np.int32).max, dtype=np.int32)
        np.minimum.at(since, inverse, pairs.since)
        told = group != MISSING
        yield f"since the last of its {name}", np.where(told, since[inverse], UNKNOWN)
        yield f"bought lately of its {name}", np.where(told, recent[inverse], UNKNOWN)
        yield f"decayed of its {name}", np.where(told, np.log(total[inverse] + 1e-4), -10.0)
        yield f"share of its {name}", np.where(told, decayed / np.maximum(total[inverse], 1e-9), UNKNOWN)


def _attributes(inputs: Inputs, pairs: Pairs) -> Iterator[Named]:
    encoded = inputs.encode(pairs.user_features, len(pairs.users))
    table = np.column_stack([encoded.categories, encoded.numbers])
    named = zip(_names(inputs), table.T, strict=True)
    yield from ((f"customer's {name}", column[pairs.row]) for name, column in named)


def _names(inputs: Inputs) -> tuple[str, ...]:
    return (*(part.column for part in inputs.categories), *(part.column for part in inputs.numbers))


def _told(values: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(values), values, UNKNOWN)
