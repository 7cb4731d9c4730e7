"""The softmax over a catalog where the processor multiplies tiles of bfloat16: torch's arrays for the kernels."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from regulars.kernels import tiled_softmax as kernels
from regulars.kernels.tiled_softmax import Columns, Halves, Longs, Pairs, Sums
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
    (n, d), m = rows.shape, len(table)
    left, first, mine = _even(rows), _longer(positive.float(), SIDE), _longer(own, SIDE, -1).numpy()
    top, products = first.clone(), torch.zeros(left.shape, dtype=torch.float32)
    width = m if m * ROWS <= HELD else BLOCK
    parts = _slices(len(left), HELD // _up(max(width, 1)) // SIDE * SIDE)
    room = torch.empty(
        max((at.stop - at.start for at in parts), default=0) // 2 * (_up(width) + ODD), dtype=torch.int32
    )
    learning = _Learning(left, mine, top, room)
    if m:
        learning.raise_tops(_columns(table, bias, slice(0, min(m, FIRST))))
    total = torch.exp(first - top)
    sums = Sums(top.numpy(), total.numpy(), products.numpy())
    again = sums._replace(totals=np.empty_like(sums.totals), products=sums.products[:0])
    by_table = torch.empty((m, d), dtype=torch.float32)
    for block in _slices(m, width) if width < m else ():
        columns = _columns(table, bias, block)
        for part in parts:
            learning.raise_rows(part, columns, block.start, sums)
    for block in _slices(m, width):
        columns, slopes = _columns(table, bias, block), torch.zeros(left.shape[1], _up(block.stop - block.start))
        for part in parts:
            pairs = learning.raise_rows(part, columns, block.start, again if width < m else sums)
            learning.add(part, total, pairs, slopes)
        by_table[block] = slopes[:d, : block.stop - block.start].T
    loss = (total.log() + top - first)[:n].sum()
    by_positive = (torch.exp(first - top) / total - 1)[:n]
    return loss, (products / total[:, None])[:n, :d], by_positive, by_table


@dataclass(frozen=True)
class _Learning:
    """Rows of the softmax as the kernels take them: bfloat16 [n, wide], the column that each leaves out, tops [n].

    room: int32, for the powers of a part of the rows at a block of columns.
    """

    rows: Tensor
    own: Longs
    tops: Tensor
    room: Tensor

    def raise_tops(self, columns: Columns) -> None:
        rows, tops = _halves(self.rows), self.tops.numpy()
        _spread(len(rows), lambda at: kernels.raise_tops(rows[at], columns, tops[at]))

    def raise_rows(self, part: slice, columns: Columns, begin: int, sums: Sums) -> Pairs:
        """The powers of a part of the rows at the columns from `begin` on; sums grow."""
        rows, own = _halves(self.rows[part]), self.own[part] - begin
        n, wide = len(rows) // 2, len(columns.bias) + ODD
        pairs = _words(self.room[: n * wide].view(n, wide))
        whole = Sums(*(values[part] for values in sums))

        def work(at: slice) -> None:
            some = Sums(*(values[at] for values in whole))
            kernels.raise_rows(rows[at], columns, own[at], some, pairs[at.start // 2 : at.stop // 2])

        _spread(len(rows), work)
        return pairs

    def add(self, part: slice, total: Tensor, pairs: Pairs, slopes: Tensor) -> None:
        """To the slopes [wide, columns] what a part of the rows says, whose powers are given."""
        rows = self.rows[part]
        shared = torch.zeros(rows.shape[1], len(rows) + 2 * ODD, dtype=torch.bfloat16)
        shared[:, : len(rows)] = (rows / total[part, None]).bfloat16().T  # [wide, rows]
        left, sums = _halves(shared), slopes.numpy()
        _spread(slopes.shape[1], lambda at: kernels.add_products(left, pairs, sums, at.start, at.stop))


def _columns(table: Tensor, bias: Tensor | None, at: slice) -> Columns:
    """Some rows of a table [m, d] as columns."""
    even = _even(table[at])  # [columns, wide]
    added = torch.zeros(at.stop - at.start) if bias is None else bias[at].float()
    n, wide = even.shape
    down = even.view(torch.int32).view(n // SIDE, SIDE, wide // 2).transpose(1, 2).contiguous()
    across = even.view(n // 2, 2, wide).transpose(1, 2).contiguous().view(torch.int32).view(n // 2, wide)
    return Columns(_words(down), _words(across), _longer(added, SIDE, NOTHING).contiguous().numpy())


def _slices(n: int, size: int) -> list[slice]:
    """All of n, so many at a time; size: a multiple of 32, or n."""
    return [slice(begin, min(begin + size, n)) for begin in range(0, n, max(size, 1))]


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
