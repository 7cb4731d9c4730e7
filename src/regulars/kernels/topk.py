"""The best k of many scores for every customer: exact, deterministic, and bounded in memory.

One order rules everywhere: higher score first, equal scores by lower item. NaN is "cannot tell" and never returned.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from functools import cached_property, partial

import numpy as np
from numba import njit
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from . import tiles
from .answers import (
    Bools,
    Floats,
    Ints,
    Ragged,
    Rules,
    allows,
    any_reaches,
    empty_answer,
    in_blocks,
    mark,
    offer,
    part,
)
from .answers import rules as checked
from .bit_codes import further, part_of
from .bit_masks import Masks
from .bit_scan import search_parts
from .products import Answers, search_bytes, search_few, search_floats
from .vectors import catalog, coded_items

Search = Callable[[Floats, Rules, Answers], None]  # fills the answers to a block of queries

CHUNK = 64  # scores compared together before any is looked at alone: four AVX-512 registers
BLOCK = 256  # rows of scores that one thread works on at a time
QUERIES = 1024  # the same for products: more, so that those that are done at the same norm can be grouped
FEW = 32  # up to so many queries, putting the items in order costs more than it saves
OFTEN = 64  # queries asked a few at a time after which it does not
LARGE = 320_000  # numbers in all vectors, 5,000 items of 64: up to here codes gain nothing


def top_k(
    scores: Floats,
    k: int,
    *,
    allowed: Bools | None = None,
    excluded: Ragged | None = None,
    threads: int | None = None,
) -> tuple[Ints, Floats]:
    """The k best of each row of `scores` [n, m]: items int32 [n, k] padded with -1, scores float32 padded with NaN.

    allowed: [n, m] or [1, m]; what is not allowed is not returned.
    excluded: (starts [n + 1], items) per row, in any order; excluded items are not returned.
    threads: how many blocks of rows are worked on at once; as many as numba has unless given.
    """
    scores = np.ascontiguousarray(scores, dtype=np.float32)
    rules = checked(scores.shape, allowed, excluded)
    items, best = empty_answer(len(scores), k)

    def work(begin: int, end: int) -> None:
        _scan(scores[begin:end], part(rules, begin, end), items[begin:end], best[begin:end])

    in_blocks(work, len(scores), BLOCK, threads)
    return items, best


def top_k_product(
    queries: Floats,
    items: Floats,
    k: int,
    *,
    allowed: Bools | None = None,
    excluded: Ragged | None = None,
    threads: int | None = None,
) -> tuple[Ints, Floats]:
    """The k items [m, d] of largest inner product with each query [n, d]; answer and rules as in `top_k`.

    Exact: a score is summed in float64 and rounded once, so it does not depend on what else is asked. Scores that are
    not finite count as "cannot tell". Memory beside the answer: one copy of the items and some megabytes per thread.
    """
    return Products(items).top_k(queries, k, allowed=allowed, excluded=excluded, threads=threads)


class Products:
    """Items [m, d] that are asked for their largest inner products more than once; put in order when first needed."""

    def __init__(self, items: Floats) -> None:
        self.items = np.ascontiguousarray(items, dtype=np.float32)
        self._few_asked = 0
        self._coded: Masks | None = None

    def wider(self, items: Floats) -> Products:
        """The same with further items: `items` are ours and those that follow."""
        products = Products(items)
        products._few_asked = self._few_asked
        if self._coded is not None:
            first, *newer = self._coded.parts
            products._coded = Masks((first, *further(tuple(newer), products.items, len(self.items))))
        return products

    def top_k(
        self,
        queries: Floats,
        k: int,
        *,
        allowed: Bools | None = None,
        excluded: Ragged | None = None,
        threads: int | None = None,
    ) -> tuple[Ints, Floats]:
        """As `top_k_product`."""
        queries = np.ascontiguousarray(queries, dtype=np.float32)
        rules = checked((len(queries), len(self.items)), allowed, excluded)
        found, best = empty_answer(len(queries), k)
        if k == 0 or len(self.items) == 0:
            return found, best
        search = self._search_few(len(queries)) if len(queries) <= FEW else self._search_many

        def work(begin: int, end: int) -> None:
            answers = Answers(found[begin:end], best[begin:end], np.zeros(end - begin, dtype=np.int64))
            search(queries[begin:end], part(rules, begin, end), answers)

        with nullcontext() if tiles.available() else threadpool_limits(1, "blas"):  # the threads are ours, not BLAS's
            in_blocks(work, len(queries), QUERIES, threads)
        return found, best

    def _search_few(self, n: int) -> Search:
        """In full at first; by codes when enough has been asked to make them pay."""
        self._few_asked += n
        if self._few_asked > OFTEN and self._coded is None and self.items.size > LARGE:
            self._coded = Masks((part_of(self.items),))
        if self._coded is None:
            return partial(search_few, self.items)
        return partial(search_parts, self.items, self._coded)

    @cached_property
    def _search_many(self) -> Search:
        """By products of bytes where this machine has a unit for them."""
        ordered = catalog(self.items)
        if tiles.available():
            return partial(search_bytes, ordered, coded_items(ordered))
        return partial(search_floats, ordered, self.items[ordered.order])


@njit(cache=True, nogil=True)
def _scan(scores: Floats, rules: Rules, items: Ints, best: Floats) -> None:
    """Fills items, best [n, k]; most chunks of scores hold nothing above the k-th best and cost a comparison."""
    k = items.shape[1]
    if k == 0:
        return
    mask, starts, banned = rules
    forbidden = np.zeros(scores.shape[1], dtype=np.bool_)
    for row in range(len(scores)):
        line = scores[row]
        found = 0
        floor = np.float32(-np.inf)
        mark(forbidden, banned[starts[row] : starts[row + 1]], True)
        for begin in range(0, len(line), CHUNK):
            end = min(begin + CHUNK, len(line))
            if not any_reaches(line[begin:end], floor):
                continue
            for item in range(begin, end):
                if line[item] >= floor and not forbidden[item] and allows(mask, row, item):
                    found = offer(items, best, row, found, np.int32(item), line[item])
                    if found == k:
                        floor = best[row, k - 1]
        mark(forbidden, banned[starts[row] : starts[row + 1]], False)
