"""Queries: the question. Whom we ask about is what we know at the moment of asking, never a row learned in training."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from .arrays import DAY, MISSING, Bools, Codes, Floats, Frame, Ints, Longs, longs, spans, starts_of
from .errors import BadTable
from .mapped import kept, kept_before

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Rows = slice | Ints | Longs


@dataclass(frozen=True)
class Histories:
    """What each of n customers did, oldest first: row i is the slice starts[i]:starts[i + 1] of the other arrays.

    starts: int64 [n + 1]; items, times, weights, kinds: [n_events]. Weights may be negative (a return).
    """

    starts: Longs
    items: Ints
    times: Longs
    weights: Floats
    kinds: Codes

    def __post_init__(self) -> None:
        lengths = {len(self.items), len(self.times), len(self.weights), len(self.kinds), int(self.starts[-1])}
        if len(lengths) != 1:
            raise BadTable(f"histories need columns of one length and starts that end there; lengths are {lengths}")

    @classmethod
    def none(cls, n: int) -> "Histories":
        """n customers who did nothing yet."""
        return cls.of([[]] * n)

    @classmethod
    def of(
        cls,
        items: Sequence[Sequence[int] | Ints],
        *,
        times: Sequence[Sequence[int] | Longs] | None = None,
        weights: Sequence[Sequence[float] | Floats] | None = None,
    ) -> "Histories":
        """Histories from one list of item indices per customer; times default to 0, weights to 1, kinds to 0."""
        starts = starts_of([len(row) for row in items])
        n = int(starts[-1])
        return cls(
            starts,
            _joined(items, np.int32, n),
            _joined(times, np.int64, n) if times is not None else np.zeros(n, dtype=np.int64),
            _joined(weights, np.float32, n) if weights is not None else np.ones(n, dtype=np.float32),
            np.zeros(n, dtype=np.int8),
        )

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, rows: Rows) -> "Histories":
        if isinstance(rows, slice) and rows.step in (None, 1):
            low, high, _ = rows.indices(len(self))
            starts = self.starts[low : max(low, high) + 1]
            return self._events(slice(int(starts[0]), int(starts[-1])), starts - starts[0])
        picked = np.arange(len(self))[rows]
        lengths = self.lengths[picked]
        return self._events(spans(self.starts[:-1][picked], lengths), starts_of(lengths))

    @cached_property
    def lengths(self) -> Longs:
        """Events of each customer; int64 [n]."""
        return self.starts[1:] - self.starts[:-1]

    @cached_property
    def rows(self) -> Ints:
        """The customer of each event; int32 [n_events]."""
        return np.repeat(np.arange(len(self), dtype=np.int32), self.lengths)

    def last(self, n: int) -> "Histories":
        """Only the n newest events of each customer."""
        lengths = np.minimum(self.lengths, n)
        return self._events(spans(self.starts[1:] - lengths, lengths), starts_of(lengths))

    def where(self, keep: Bools) -> "Histories":
        """Only the events that `keep` (bool [n_events]) marks."""
        starts, items, times = kept_before(keep, self.starts), kept(self.items, keep), kept(self.times, keep)
        return Histories(starts, items, times, kept(self.weights, keep), kept(self.kinds, keep))

    def joined(self, newer: "Histories") -> "Histories":
        """Each customer's events followed by those of `newer`."""
        order = np.argsort(np.concatenate([self.rows, newer.rows]), kind="stable")
        return Histories(
            self.starts + newer.starts,
            np.concatenate([self.items, newer.items])[order],
            np.concatenate([self.times, newer.times])[order],
            np.concatenate([self.weights, newer.weights])[order],
            np.concatenate([self.kinds, newer.kinds])[order],
        )

    def decayed(self, now: Longs, half_life_days: float) -> "Histories":
        """The same events, each weight halved for every `half_life_days` between the event and its row's `now` [n].

        An infinite half-life changes nothing; an event later than `now` counts in full.
        """
        if np.isinf(half_life_days):
            return self
        ages = np.maximum(now[self.rows] - self.times, 0) / DAY
        fading = np.exp2(-ages / half_life_days).astype(np.float32)
        return Histories(self.starts, self.items, self.times, self.weights * fading, self.kinds)

    def matrix(self, n_items: int) -> "csr_array":
        """Weight of each item for each customer, summed over the events; float32 [n, n_items].

        What was returned in full, or weighs nothing, is not there; items beyond n_items are left out.
        """
        from scipy.sparse import csr_array

        from regulars.kernels.sums import positive_sums

        size: type[np.signedinteger[Any]] = np.int32 if len(self.items) < 2**31 else np.int64
        ends = np.zeros(len(self) + 1, dtype=size)
        items, sums = positive_sums(self.starts, self.items, self.weights, n_items, ends)
        matrix = csr_array((sums, items, ends), shape=(len(self), n_items))
        matrix.has_sorted_indices = matrix.has_canonical_format = True
        return matrix

    def _events(self, events: slice | Longs, starts: Longs) -> "Histories":
        return Histories(starts, self.items[events], self.times[events], self.weights[events], self.kinds[events])


@dataclass(frozen=True)
class Queries:
    """A batch of n questions; a call from a shop's page is a batch of one.

    users: int32 [n], MISSING for a stranger; history: what each did until now, the current session included;
    times: int64 [n], the moment of asking; baskets: the cart, or the product on the page;
    context: of the moment (device, channel, page, store); attributes: of the customer (age, town, loyalty card), nulls
    for a stranger. Both have one row per query, or no columns.
    """

    users: Ints
    history: Histories
    times: Longs
    baskets: Histories
    context: Frame = field(default_factory=pl.DataFrame)
    attributes: Frame = field(default_factory=pl.DataFrame)

    def __post_init__(self) -> None:
        sizes = {len(self.users), len(self.history), len(self.times), len(self.baskets)}
        sizes |= {frame.height for frame in (self.context, self.attributes) if frame.width}
        if len(sizes) != 1:
            raise BadTable(f"the parts of a batch of queries need one length; they have {sorted(sizes)}")

    @classmethod
    def of(
        cls,
        history: Histories | Sequence[Sequence[int]],
        *,
        times: Longs | int | None = None,
        users: Ints | None = None,
        context: Frame | None = None,
        attributes: Frame | None = None,
    ) -> "Queries":
        """Questions about whoever has these histories; asked right after the last event unless `times` says when."""
        history = history if isinstance(history, Histories) else Histories.of(history)
        n = len(history)
        asked = _after(history) if times is None else np.broadcast_to(longs(times), (n,)).copy()
        who = np.full(n, MISSING, dtype=np.int32) if users is None else users
        frames = (pl.DataFrame() if frame is None else frame for frame in (context, attributes))
        return cls(who, history, asked, Histories.none(n), *frames)

    def __len__(self) -> int:
        return len(self.users)

    def __getitem__(self, rows: Rows) -> "Queries":
        picked = rows if isinstance(rows, slice) else np.arange(len(self))[rows]
        frames = (frame[picked] if frame.width else frame for frame in (self.context, self.attributes))
        return Queries(self.users[rows], self.history[rows], self.times[rows], self.baskets[rows], *frames)

    def batches(self, size: int) -> Iterator["Queries"]:
        """The same questions, `size` at a time."""
        for start in range(0, len(self), size):
            yield self[start : start + size]


def _joined(rows: Sequence[Sequence[int] | Sequence[float] | np.ndarray], kind: type, n: int) -> np.ndarray:
    column = np.concatenate([np.asarray(row, dtype=kind) for row in rows]) if len(rows) else np.empty(0, dtype=kind)
    if len(column) != n:
        raise BadTable(f"a column of histories has {len(column)} entries where the items have {n}")
    return column


def _after(history: Histories) -> Longs:
    """One second after the last event of each row; 0 for an empty history."""
    moments = np.zeros(len(history), dtype=np.int64)
    np.maximum.at(moments, history.rows, history.times + 1)
    return moments
