"""Search in bytes: a quarter of the memory traffic of single precision, and every answer still right."""

from dataclasses import dataclass, replace
from typing import Final, final

import numpy as np

from regulars.core import QUIET, Allowed, Bools, Floats, Ints, Recommendations, Run, Settings, appended
from regulars.core.errors import BadTable
from regulars.kernels.answers import empty_answer, rules
from regulars.kernels.byte_scan import Codes, Part, look_up, part_of, rising, scan
from regulars.kernels.products import Answers
from regulars.kernels.vectors import TILE, Doubles, catalog

TOGETHER: Final = 16  # questions that share a pass over the items
RARE: Final = 0.04  # where fewer of the items are allowed, they are looked up one by one
NEWER: Final = 16_384  # items that may join the newest part before it is left alone


@final
@dataclass(frozen=True)
class CodedPart:
    """Some items of a catalog by falling norm, as bytes.

    order: int32 [m]; codes: uint8 [m / 16, d / 4, 16, 4]; for every 256 items: what a step of a byte is worth, the
    largest length of a vector, and the largest length of what its bytes leave out; float64 [m / 256].
    """

    order: Ints
    codes: Codes
    scales: Doubles
    norms: Doubles
    residuals: Doubles

    def __post_init__(self) -> None:
        tiles = -(-len(self.order) // TILE)
        whole = self.codes.ndim == 4 and self.codes.shape[2:] == (16, 4) and 16 * len(self.codes) == tiles * TILE
        if not whole or {len(self.scales), len(self.norms), len(self.residuals)} != {tiles}:
            raise BadTable(f"the parts of an index of {len(self.order)} items do not belong together; build it again")


@final
@dataclass(frozen=True)
class BytesIndex:
    """Vectors [n_items, d], and the same as bytes in parts: the items it was built of, and those that came later."""

    vectors: Floats
    parts: tuple[CodedPart, ...]

    def __post_init__(self) -> None:
        n, d = self.vectors.shape
        for part in self.parts:
            inside = not len(part.order) or (part.order.min() >= 0 and part.order.max() < n)
            if not inside or not d <= 4 * part.codes.shape[1] < d + 16:
                raise BadTable(f"a part of the index is of other vectors than {n} of {d} numbers; build it again")

    @property
    def n_items(self) -> int:
        return len(self.vectors)

    def search(self, vectors: Floats, k: int, allowed: Allowed | None = None) -> Recommendations:
        permitted, queries = allowed or Allowed(), np.ascontiguousarray(vectors, dtype=np.float32)
        items, best = empty_answer(len(queries), k)
        if k:
            for begin in range(0, len(queries), TOGETHER):
                rows = slice(begin, begin + TOGETHER)
                self._fill(queries[rows], permitted[rows], items[rows], best[rows])
        return Recommendations(items, best, ("bytes",))

    def extended(self, vectors: Floats) -> "BytesIndex":
        wider = appended(self.vectors, vectors)
        newer = further(self.parts[1:], wider, self.n_items)
        return replace(self, vectors=wider, parts=(*self.parts[:1], *newer))

    def _fill(self, queries: Floats, allowed: Allowed, items: Ints, best: Floats) -> None:
        mask = _as_wide(allowed.mask, self.n_items)
        excluded = (allowed.starts, rising(allowed.starts, allowed.excluded)) if len(allowed.starts) > 1 else None
        checked = rules((len(queries), self.n_items), mask, excluded)
        answers = Answers(items, best, np.zeros(len(items), dtype=np.int64))
        listed = None if mask is None else _rare(mask)
        if listed is not None:
            look_up(self.vectors, listed, queries, checked, answers)
        else:
            parts = tuple(Part(p.order, p.codes, p.scales, p.norms, p.residuals) for p in self.parts)
            scan(self.vectors, parts, queries, checked, answers)


@dataclass(frozen=True)
class Bytes(Settings):
    """No settings: the right answers."""

    def build(self, vectors: Floats, run: Run = QUIET) -> BytesIndex:
        whole = np.ascontiguousarray(vectors, dtype=np.float32)
        return BytesIndex(whole, (_coded(whole, 0),))


def further(parts: tuple[CodedPart, ...], vectors: Floats, begin: int) -> tuple[CodedPart, ...]:
    """Parts of items that came later and those from `begin` on; the last part takes them while it is small."""
    if parts and len(parts[-1].order) < NEWER:
        return (*parts[:-1], _coded(vectors, int(parts[-1].order.min(initial=begin))))
    return (*parts, _coded(vectors, begin))


def _coded(vectors: Floats, begin: int) -> CodedPart:
    """The items from `begin` on."""
    newer = catalog(vectors[begin:])
    order, codes, *bounds = part_of(newer)
    return CodedPart((order + begin).astype(np.int32), codes, *bounds)


def _rare(mask: Bools) -> Ints | None:
    """The items that a mask of few allows for any row; None if there are many."""
    some: Bools = mask[0] if len(mask) == 1 else np.logical_or.reduce(mask)
    if np.count_nonzero(some) > RARE * len(some):
        return None
    return np.flatnonzero(some).astype(np.int32)


def _as_wide(mask: Bools | None, n: int) -> Bools | None:
    """The mask with exactly n columns: cut, or filled up with "not allowed"."""
    if mask is None or mask.shape[1] == n:
        return mask
    return np.pad(mask[:, :n], ((0, 0), (0, max(0, n - mask.shape[1]))))
