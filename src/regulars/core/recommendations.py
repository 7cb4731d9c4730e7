"""Recommendations: the answer; Reasons: why; Allowed: what may be answered."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from .arrays import MISSING, Bools, Floats, Frame, Ints, Longs, starts_of
from .errors import BadTable
from .queries import Histories, Rows
from .vocabulary import Vocabulary


@dataclass(frozen=True)
class Recommendations:
    """The best k items for each of n queries, best first; short rows are padded with MISSING and NaN.

    items: int32 [n, k]; scores: float32 [n, k]; sources: int16 [n, k], who proposed it, an index into `names`.
    """

    items: Ints
    scores: Floats
    names: tuple[str, ...] = ("",)
    sources: np.ndarray = field(default_factory=lambda: np.empty((0, 0), dtype=np.int16))

    def __post_init__(self) -> None:
        if self.sources.shape != self.items.shape:
            if self.sources.size:
                raise BadTable(f"sources have the shape {self.sources.shape}, items {self.items.shape}")
            object.__setattr__(self, "sources", np.zeros(self.items.shape, dtype=np.int16))

    @classmethod
    def none(cls, n: int, k: int, name: str = "") -> "Recommendations":
        """n answers of "cannot tell"."""
        return cls(np.full((n, k), MISSING, dtype=np.int32), np.full((n, k), np.nan, dtype=np.float32), (name,))

    @classmethod
    def concat(cls, parts: Sequence["Recommendations"]) -> "Recommendations":
        """The rows of all parts, one part after another; all have the same k and names."""
        if len(parts) == 1:
            return parts[0]
        items, scores, sources = (
            np.concatenate([getattr(p, c) for p in parts]) for c in ("items", "scores", "sources")
        )
        return cls(items, scores, parts[0].names, sources)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, rows: Rows) -> "Recommendations":
        return Recommendations(self.items[rows], self.scores[rows], self.names, self.sources[rows])

    @property
    def k(self) -> int:
        return int(self.items.shape[1])

    def head(self, k: int) -> "Recommendations":
        """The first k of each row."""
        return Recommendations(self.items[:, :k], self.scores[:, :k], self.names, self.sources[:, :k])

    def frame(self, user_ids: Sequence[object] | pl.Series, vocabulary: Vocabulary) -> Frame:
        """A long table: user_id, item_id, rank (from 1), score, source; padding is left out."""
        k = self.k
        who = pl.Series("user_id", user_ids) if not isinstance(user_ids, pl.Series) else user_ids.alias("user_id")
        present = (self.items != MISSING).ravel()
        at = np.flatnonzero(present)
        return pl.DataFrame(
            {
                "user_id": who.gather(at // k),
                "item_id": vocabulary.names(self.items.ravel()[at]),
                "rank": (at % k + 1).astype(np.int32),
                "score": self.scores.ravel()[at],
                "source": pl.Series(list(self.names)).gather(self.sources.ravel()[at].astype(np.int64)),
            }
        )


@dataclass(frozen=True)
class Reasons:
    """What speaks for each answer: the r strongest reasons, strongest first.

    items: int32 [n, k, r], items of the history; features: int32 [n, k, r], attributes, as indices into `names`. A
    reason is an item, an attribute of the customer, or an attribute that the customer likes together with the item of
    the history that has it; what it is not is MISSING. shares: float32 [n, k, r], the part of the answer's score that
    each contributes (a fraction of the score where it is positive), NaN where there is no reason.
    """

    items: Ints
    shares: Floats
    features: Ints = field(default_factory=lambda: np.empty((0, 0, 0), dtype=np.int32))
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.features.shape != self.items.shape:
            if self.features.size:
                raise BadTable(f"features have the shape {self.features.shape}, items {self.items.shape}")
            object.__setattr__(self, "features", np.full(self.items.shape, MISSING, dtype=np.int32))

    @classmethod
    def none(cls, n: int, k: int, r: int) -> "Reasons":
        """No reason for any answer."""
        return cls(np.full((n, k, r), MISSING, dtype=np.int32), np.full((n, k, r), np.nan, dtype=np.float32))


@dataclass(frozen=True)
class Foretold:
    """What is expected of each answer: that the customer buys it.

    chances: float32 [n, k], of a purchase within `weeks`; days: float32 [n, k], until one is as likely as not, NaN if
    none is near; reasons: of each answer in words, empty where nothing is said.
    """

    weeks: int
    chances: Floats
    days: Floats
    reasons: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Allowed:
    """Which items may be answered: those that `mask` marks, less the `excluded` of each query.

    mask: bool [1, m] for all alike or [n, m]; items from m on are not allowed; None allows everything.
    starts: int64 [n + 1], excluded: int32, ragged rows of forbidden items; starts of length 1 forbid nothing.
    """

    mask: Bools | None = None
    starts: Longs = field(default_factory=lambda: np.zeros(1, dtype=np.int64))
    excluded: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int32))

    def __post_init__(self) -> None:
        if self.mask is not None and (self.mask.ndim != 2 or self.mask.dtype != np.bool_):
            raise BadTable(f"a mask is bool [1, m] or [n, m]; it is {self.mask.dtype} {list(self.mask.shape)}")

    @classmethod
    def all_but(cls, histories: Histories) -> "Allowed":
        """Everything that is not in the row's history."""
        return cls(None, histories.starts, histories.items)

    def __getitem__(self, rows: Rows) -> "Allowed":
        mask = self.mask if self.mask is None or len(self.mask) == 1 else self.mask[rows]
        if len(self.starts) == 1:
            return Allowed(mask)
        ragged = _ragged(self.starts, self.excluded)[rows]
        return Allowed(mask, ragged.starts, ragged.items)

    def __and__(self, other: "Allowed") -> "Allowed":
        if other.mask is None and len(other.starts) == 1:
            return self
        mask = _both(self.mask, other.mask)
        if len(self.starts) == 1 or len(other.starts) == 1:
            left = other if len(self.starts) == 1 else self
            return Allowed(mask, left.starts, left.excluded)
        rows = _ragged(self.starts, self.excluded).joined(_ragged(other.starts, other.excluded))
        return Allowed(mask, rows.starts, rows.items)

    def permits(self, rows: Ints | Longs, items: Ints) -> Bools:
        """Whether each of some pairs of query and item may be answered; bool [pairs]."""
        found = np.ones(len(items), dtype=np.bool_)
        if self.mask is not None:
            found = (items >= 0) & (items < self.mask.shape[1])
            found[found] = self.mask[rows[found] if len(self.mask) > 1 else 0, items[found]]
        if len(self.starts) > 1 and len(self.excluded):
            width = max(int(items.max(initial=0)), int(self.excluded.max())) + 1
            forbidden = np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts)) * width + self.excluded
            found &= ~np.isin(rows.astype(np.int64) * width + items, forbidden)
        return found

    def wide(self, n_items: int) -> Bools | None:
        """The mask with exactly n_items columns: cut, or filled up with "not allowed"; None allows everything."""
        return _width(self.mask, n_items)

    def dense(self, n: int, n_items: int) -> Bools:
        """The whole mask; bool [n, n_items]."""
        mask = np.zeros((n, n_items), dtype=np.bool_)
        if self.mask is None:
            mask[:] = True
        else:
            width = min(n_items, self.mask.shape[1])
            mask[:, :width] = self.mask[:, :width]
        if len(self.starts) > 1:
            known = (self.excluded >= 0) & (self.excluded < n_items)
            mask[np.repeat(np.arange(n), np.diff(self.starts))[known], self.excluded[known]] = False
        return mask


def top_k(scores: Floats, k: int, allowed: Allowed | None = None, name: str = "") -> Recommendations:
    """The k best of each row of scores [n, m]; NaN and the forbidden never appear; ties go to the lower index."""
    from regulars.kernels.topk import top_k as kernel

    permitted = allowed or Allowed()
    n, m = scores.shape
    items, best = kernel(scores, k, allowed=_width(permitted.mask, m), excluded=_rows(permitted, n))
    return Recommendations(items, best, (name,))


def _rows(allowed: Allowed, n: int) -> tuple[Longs, Ints] | None:
    if len(allowed.starts) == 1:
        return None
    if len(allowed.starts) != n + 1:
        raise BadTable(f"exclusions are given for {len(allowed.starts) - 1} queries; there are {n}")
    return allowed.starts, allowed.excluded


def _width(mask: Bools | None, m: int) -> Bools | None:
    """The mask with exactly m columns: cut, or filled up with "not allowed"."""
    if mask is None or mask.shape[1] == m:
        return mask
    if mask.shape[1] > m:
        return np.ascontiguousarray(mask[:, :m])
    return np.pad(mask, ((0, 0), (0, m - mask.shape[1])))


def _both(left: Bools | None, right: Bools | None) -> Bools | None:
    if left is None or right is None:
        return right if left is None else left
    width = min(left.shape[1], right.shape[1])
    return left[:, :width] & right[:, :width]


def _ragged(starts: Longs, items: Ints) -> Histories:
    # zeros of one element each: to cut a block of rows out of all exclusions must not cost their number
    n = items.shape
    times, weights, kinds = np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.float32), np.zeros(1, dtype=np.int8)
    return Histories(starts, items, np.broadcast_to(times, n), np.broadcast_to(weights, n), np.broadcast_to(kinds, n))


def excluding(rows: Sequence[Sequence[int]]) -> Allowed:
    """Everything but the listed items of each query."""
    flat = [np.asarray(row, dtype=np.int32) for row in rows]
    return Allowed(None, starts_of([len(row) for row in flat]), np.concatenate(flat) if flat else np.empty(0, np.int32))
