"""The softmax over a catalog where the processor multiplies tiles of bfloat16: torch's arrays for the kernels."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from regulars.kernels import tiled_softmax as kernels
from regulars.kernels.tiled_softmax import Columns, Floats, Halves, Longs, Pairs, Sums
from regulars.kernels.tiles import SIDE

HELD: Final = 1 << 23  # powers that are held: 16 MB
ROWS: Final = 512  # are looked at together at least; where their powers are too many, these are computed twice
BLOCK: Final = 4096  # columns that are looked at together then
FIRST: Final = 512  # columns among which the top of a row is looked for; what is more than e^69 times it counts as that
ODD: Final = 16  # rows of pairs are so much longer: at powers of two all of a tile would meet in a few lines of cache
NOTHING: Final = -1e30


def softmax(
    rows: Tensor, table: Tensor, positive: Tensor, own: Tensor, bias: Tensor | None
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Sum of log(exp(positive) + sum over columns but `own` of exp(row . column + bias)) - positive, and its slopes.

    rows: [n, d]; table: [m, d]; positive: [n]; own: int64 [n], -1 for none; bias: [m]. The slopes are those by rows
    [n, d], by positive [n] and by table [m, d]; all float32, of products in bfloat16.
    """
    n, d = rows.shape
    catalog = _Catalog(table, bias)
    left, first, mine = _even(rows), _longer(positive.float(), SIDE), _longer(own, SIDE, -1).numpy()
    top, products = first.clone(), torch.zeros(left.shape, dtype=torch.float32)
    catalog.raise_tops(_halves(left), top.numpy())
    total = torch.exp(first - top)
    sums = Sums(top.numpy(), total.numpy(), products.numpy())
    for begin in range(0, len(left), catalog.rows):
        at = slice(begin, min(begin + catalog.rows, len(left)))
        part = Sums(*(values[at] for values in sums))
        _learn(catalog, _halves(left[at]), mine[at], part)
    loss = (total.log() + top - first)[:n].sum()
    by_positive = (torch.exp(first - top) / total - 1)[:n]
    return loss, (products / total[:, None])[:n, :d], by_positive, catalog.slopes()


def _learn(catalog: "_Catalog", rows: Halves, own: Longs, sums: Sums) -> None:
    """Totals and products of some rows; the columns' slopes grow by what these rows say."""
    n, pairs = len(rows), catalog.room(len(rows))
    for place in range(len(catalog.blocks)):
        catalog.raise_rows(place, rows, own, sums, pairs)
    shared = torch.zeros(rows.shape[1], n + 2 * ODD, dtype=torch.bfloat16)
    shared[:, :n] = (torch.from_numpy(rows).view(torch.bfloat16) / torch.from_numpy(sums.totals)[:, None]).bfloat16().T
    again = sums._replace(totals=np.empty_like(sums.totals), products=sums.products[:0])
    for place in range(len(catalog.blocks)):
        if len(catalog.blocks) > 1:
            catalog.raise_rows(place, rows, own, again, pairs)
        catalog.add(place, _halves(shared), pairs)


class _Catalog:
    """The columns as the kernels take them, in blocks, one if powers of all are held; rows: looked at together.

    sums: for each block float32 [wide, columns], the slopes by its columns so far, of rows that were looked at.
    """

    def __init__(self, table: Tensor, bias: Tensor | None) -> None:
        m, d = table.shape
        self.table, self.bias = table, bias
        width = max(m, 1) if m * ROWS <= HELD else BLOCK
        self.rows = HELD // _up(width) // SIDE * SIDE
        self.blocks = [slice(begin, min(begin + width, m)) for begin in range(0, m, width)]
        self.sums = [torch.zeros(_up(d), _up(block.stop - block.start)) for block in self.blocks]
        self.columns = lru_cache(maxsize=1)(self._columns)

    def room(self, n: int) -> Pairs:
        """For the powers of n rows of a block."""
        width = max((part.shape[1] for part in self.sums), default=0)
        return _words(torch.empty(n // 2, width + ODD, dtype=torch.int32))

    def raise_tops(self, rows: Halves, tops: Floats) -> None:
        if self.blocks:
            first = self._columns_of(slice(0, min(FIRST, self.blocks[0].stop)))
            _spread(len(rows), lambda at: kernels.raise_tops(rows[at], first, tops[at]))

    def raise_rows(self, place: int, rows: Halves, own: Longs, sums: Sums, pairs: Pairs) -> None:
        columns, own = self.columns(place), own - self.blocks[place].start

        def work(at: slice) -> None:
            part = Sums(sums.tops[at], sums.totals[at], sums.products[at])
            kernels.raise_rows(rows[at], columns, own[at], part, pairs[at.start // 2 : at.stop // 2])

        _spread(len(rows), work)

    def add(self, place: int, rows: Halves, pairs: Pairs) -> None:
        sums = self.sums[place].numpy()
        _spread(sums.shape[1], lambda at: kernels.add_products(rows, pairs, sums, at.start, at.stop))

    def slopes(self) -> Tensor:
        """By the columns; float32 [m, d]."""
        m, d = self.table.shape
        parts = [part[:d, : block.stop - block.start].T for part, block in zip(self.sums, self.blocks, strict=True)]
        return torch.cat(parts) if parts else self.table.new_zeros((m, d), dtype=torch.float32)

    def _columns(self, place: int) -> Columns:
        return self._columns_of(self.blocks[place])

    def _columns_of(self, at: slice) -> Columns:
        table = _even(self.table[at])  # [columns, wide]
        bias = torch.zeros(at.stop - at.start) if self.bias is None else self.bias[at].float()
        n, wide = table.shape
        down = table.view(torch.int32).view(n // SIDE, SIDE, wide // 2).transpose(1, 2).contiguous()
        across = table.view(n // 2, 2, wide).transpose(1, 2).contiguous().view(torch.int32).view(n // 2, wide)
        return Columns(_words(down), _words(across), _longer(bias, SIDE, NOTHING).contiguous().numpy())


def _spread(n: int, work: Callable[[slice], None]) -> None:
    """The work on n rows or columns by all threads of torch, each a multiple of 32 of them; the result is the same."""
    workers = min(torch.get_num_threads(), n // SIDE)
    if workers <= 1:
        work(slice(0, n))
        return
    bounds = [SIDE * (n // SIDE * part // workers) for part in range(workers + 1)]
    with ThreadPoolExecutor(workers) as pool:
        for done in [pool.submit(work, slice(*ends)) for ends in pairwise(bounds)]:
            done.result()


def _even(table: Tensor) -> Tensor:
    """In bfloat16, with rows and columns of zeros up to multiples of 32; starts at a multiple of 64 bytes."""
    n, d = table.shape
    even = torch.zeros(_up(n), _up(d), dtype=torch.bfloat16)
    even[:n, :d] = table
    return even


def _longer(values: Tensor, multiple: int, filled: float = 0) -> Tensor:
    return pad(values, (0, -len(values) % multiple), value=filled)


def _up(n: int) -> int:
    return n + -n % SIDE


def _halves(tensor: Tensor) -> Halves:
    halves: Halves = tensor.view(torch.uint16).numpy()
    return halves


def _words(tensor: Tensor) -> Pairs:
    words: Pairs = tensor.numpy().view(np.uint32)
    return words
