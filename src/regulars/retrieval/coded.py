"""Search in bytes: a quarter of the memory traffic of single precision, and every answer still right."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, final

import numpy as np

from regulars.core import QUIET, Allowed, Floats, Ints, Recommendations, Run, Settings, appended
from regulars.core.errors import BadTable
from regulars.kernels.answers import empty_answer, rules
from regulars.kernels.byte_scan import Codes, Part, further, part_of, search_parts
from regulars.kernels.products import Answers
from regulars.kernels.vectors import TILE, Doubles

TOGETHER: Final = 16  # questions that share a pass over the items


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
        for begin in range(0, len(queries) if k else 0, TOGETHER):
            rows = slice(begin, begin + TOGETHER)
            self._fill(queries[rows], permitted[rows], items[rows], best[rows])
        return Recommendations(items, best, ("bytes",))

    def extended(self, vectors: Floats) -> "BytesIndex":
        wider = appended(self.vectors, vectors)
        newer = with_further(self.parts[1:], wider, self.n_items)
        return replace(self, vectors=wider, parts=(*self.parts[:1], *newer))

    def _fill(self, queries: Floats, allowed: Allowed, items: Ints, best: Floats) -> None:
        excluded = (allowed.starts, allowed.excluded) if len(allowed.starts) > 1 else None
        checked = rules((len(queries), self.n_items), allowed.wide(self.n_items), excluded)
        answers = Answers(items, best, np.zeros(len(items), dtype=np.int64))
        search_parts(self.vectors, self._parts, queries, checked, answers)

    @cached_property
    def _parts(self) -> tuple[Part, ...]:
        return tuple(_bare(part) for part in self.parts)


@dataclass(frozen=True)
class Bytes(Settings):
    """No settings: the right answers."""

    def build(self, vectors: Floats, run: Run = QUIET) -> BytesIndex:
        whole = np.ascontiguousarray(vectors, dtype=np.float32)
        return BytesIndex(whole, (CodedPart(*part_of(whole)),))


def with_further(parts: tuple[CodedPart, ...], vectors: Floats, begin: int) -> tuple[CodedPart, ...]:
    """Parts of items that came later, and of those from `begin` on."""
    return tuple(CodedPart(*part) for part in further(tuple(_bare(part) for part in parts), vectors, begin))


def _bare(part: CodedPart) -> Part:
    return Part(part.order, part.codes, part.scales, part.norms, part.residuals)
