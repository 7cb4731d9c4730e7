"""Search in bits: of most items two bits of each number are read, of few all, and every answer is still right."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, final

import numpy as np

from regulars.core import QUIET, Allowed, Floats, Ints, Recommendations, Run, Settings, appended
from regulars.core.errors import BadTable
from regulars.kernels.answers import Rules, empty_answer, rules
from regulars.kernels.bit_codes import Codes, Part, further, part_of
from regulars.kernels.bit_masks import Masks
from regulars.kernels.bit_scan import search_parts
from regulars.kernels.products import Answers
from regulars.kernels.vectors import TILE, Doubles

TOGETHER: Final = 16  # questions that share a pass over the items


@final
@dataclass(frozen=True)
class CodedPart:
    """Some items of a catalog by falling length, as codes of two bits and of two more.

    order: int32 [m]; coarse, fine: uint8 [m / 16, d / 16, 16, 4], whole tiles of 256 items; left: uint8 [2, m], what
    two and what four bits leave out of an item; for every 256 items float64: what a step of a code is worth [m / 256],
    the largest length, and what a step of `left` is worth [2, m / 256].
    """

    order: Ints
    coarse: Codes
    fine: Codes
    left: Codes
    widths: Doubles
    norms: Doubles
    rounds: Doubles

    def __post_init__(self) -> None:
        tiles = -(-len(self.order) // TILE)
        whole = self.coarse.ndim == 4 and self.coarse.shape[2:] == (16, 4) and 16 * len(self.coarse) == tiles * TILE
        alike = self.fine.shape == self.coarse.shape and self.left.shape == (2, tiles * TILE)
        if not (whole and alike and self.rounds.shape == (2, tiles) and {len(self.widths), len(self.norms)} == {tiles}):
            raise BadTable(f"the parts of an index of {len(self.order)} items do not belong together; build it again")


@final
@dataclass(frozen=True)
class BitsIndex:
    """Vectors [n_items, d], and their codes in parts: the items it was built of, and those that came later."""

    vectors: Floats
    parts: tuple[CodedPart, ...]

    def __post_init__(self) -> None:
        n, d = self.vectors.shape
        for part in self.parts:
            inside = not len(part.order) or (part.order.min() >= 0 and part.order.max() < n)
            if not inside or not d <= 16 * part.coarse.shape[1] < d + 16:
                raise BadTable(f"a part of the index is of other vectors than {n} of {d} numbers; build it again")

    @property
    def n_items(self) -> int:
        return len(self.vectors)

    def search(self, vectors: Floats, k: int, allowed: Allowed | None = None) -> Recommendations:
        permitted, queries = allowed or Allowed(), np.ascontiguousarray(vectors, dtype=np.float32)
        items, best = empty_answer(len(queries), k)
        for begin in range(0, len(queries) if k else 0, TOGETHER):
            rows = slice(begin, begin + TOGETHER)
            answers = Answers(items[rows], best[rows], np.zeros(len(items[rows]), dtype=np.int64))
            search_parts(
                self.vectors, self._masks, queries[rows], self._rules(permitted[rows], len(items[rows])), answers
            )
        return Recommendations(items, best, ("bits",))

    def extended(self, vectors: Floats) -> "BitsIndex":
        wider = appended(self.vectors, vectors)
        newer = with_further(self.parts[1:], wider, self.n_items)
        return replace(self, vectors=wider, parts=(*self.parts[:1], *newer))

    def _rules(self, allowed: Allowed, n: int) -> Rules:
        """A mask that reaches beyond our items stays the array that it is, by which it is known again."""
        excluded = (allowed.starts, allowed.excluded) if len(allowed.starts) > 1 else None
        width = max(self.n_items, 0 if allowed.mask is None else allowed.mask.shape[1])
        return rules((n, width), allowed.wide(width), excluded)

    @cached_property
    def _masks(self) -> Masks:
        return Masks(tuple(_bare(part) for part in self.parts))


@dataclass(frozen=True)
class Bits(Settings):
    """No settings: the right answers."""

    def build(self, vectors: Floats, run: Run = QUIET) -> BitsIndex:
        whole = np.ascontiguousarray(vectors, dtype=np.float32)
        return BitsIndex(whole, (CodedPart(*part_of(whole)),))


def with_further(parts: tuple[CodedPart, ...], vectors: Floats, begin: int) -> tuple[CodedPart, ...]:
    """Parts of items that came later, and of those from `begin` on."""
    return tuple(CodedPart(*part) for part in further(tuple(_bare(part) for part in parts), vectors, begin))


def _bare(part: CodedPart) -> Part:
    return Part(part.order, part.coarse, part.fine, part.left, part.widths, part.norms, part.rounds)
