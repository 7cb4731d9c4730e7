"""GRU and LSTM over ragged histories: what is computed is tokens, never padding.

The tokens of all rows are put in the order of their places: first every row's first, longest row first, then every
row's second... so that the rows still going on at a place are the head of those of the place before, and one product
of [rows, d] serves them all. On a CPU the backward pass is written out, for autograd would keep and add up the weights'
gradient at every place; on a GPU the same order is torch's own `PackedSequence`.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn.utils.rnn import PackedSequence

from regulars.core import Longs

from .sequences import Batch

CELLS: Final = {"gru": nn.GRU, "lstm": nn.LSTM}


@dataclass(frozen=True)
class Recurrent:
    """The shape of a recurrent network: layers of GRU ("gru") or LSTM ("lstm") cells as wide as their input."""

    width: int
    length: int
    layers: int
    cell: str
    dropout: float

    def build(self) -> "RecurrentBody":
        return RecurrentBody(self)


class RecurrentBody(nn.Module):
    """What is known after each token; dropout before every layer."""

    def __init__(self, shape: Recurrent) -> None:
        super().__init__()
        self.layers = nn.ModuleList(CELLS[shape.cell](shape.width, shape.width) for _ in range(shape.layers))
        self.dropout = nn.Dropout(shape.dropout)

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        return self.read(x, batch.lengths)

    def read(self, x: Tensor, lengths: Longs) -> Tensor:
        """The same of sequences that are told by the number of their tokens alone."""
        order, sizes = by_place(lengths)
        there = torch.from_numpy(order).to(x.device)
        x = x[there]  # [n_tokens, d]
        for cell in self.layers:
            x = _through(cell, self.dropout(x), sizes)  # [n_tokens, d]
        back = torch.empty_like(there)
        back[there] = torch.arange(len(there), device=x.device)
        return x[back]


def by_place(lengths: Longs) -> tuple[Longs, Longs]:
    """Tokens in the order of their place in their row, longer rows first, and how many there are at each place."""
    n, tokens = len(lengths), int(lengths.sum())
    rank = np.empty(n, dtype=np.int64)
    rank[np.argsort(-lengths, kind="stable")] = np.arange(n)
    place = np.arange(tokens) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    sizes = np.bincount(place)
    order = np.empty(tokens, dtype=np.int64)
    order[(np.cumsum(sizes) - sizes)[place] + np.repeat(rank, lengths)] = np.arange(tokens)
    return order, sizes


def _through(cell: Any, x: Tensor, sizes: Longs) -> Tensor:
    if not len(x):
        return x
    if x.device.type != "cpu":
        packed: PackedSequence = cell(PackedSequence(x, torch.from_numpy(sizes)))[0]
        return packed.data
    weights = (cell.weight_ih_l0, cell.weight_hh_l0, cell.bias_ih_l0, cell.bias_hh_l0)
    with torch.autocast("cpu", enabled=False):
        function: Any = _GRU if isinstance(cell, nn.GRU) else _LSTM
        passed: Tensor = function.apply(x.float(), *weights, sizes.tolist())
    return passed


class _GRU(Function):
    """r, z = sigmoid(..), n = tanh(W x + b + r (U h + c)), h' = n + z (h - n), as in torch.nn.GRU."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, w: Tensor, u: Tensor, b: Tensor, c: Tensor, sizes: list[int]) -> Tensor:
        n, d = len(x), u.shape[1]
        gates = torch.addmm(b[: 2 * d] + c[: 2 * d], x, w[: 2 * d].T)  # [n, 2 d], r and z
        news = torch.addmm(b[2 * d :], x, w[2 * d :].T)  # [n, d]
        recalled = c[2 * d :].expand(n, d).contiguous()  # [n, d], U h + c
        before, after = x.new_zeros(n, d), x.new_empty(n, d)
        start, previous = 0, 0
        for size in sizes:
            at = slice(start, start + size)
            if start:
                h = before[at].copy_(after[previous : previous + size])  # [size, d]
                gates[at].addmm_(h, u[: 2 * d].T)
                recalled[at].addmm_(h, u[2 * d :].T)
            r, z = gates[at].sigmoid_().chunk(2, dim=1)
            torch.lerp(news[at].addcmul_(r, recalled[at]).tanh_(), before[at], z, out=after[at])
            start, previous = start + size, start
        ctx.save_for_backward(x, w, u, gates, news, recalled, before)
        ctx.sizes = sizes
        return after

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, given: Tensor) -> tuple[Tensor | None, ...]:
        x, w, u, gates, news, recalled, before = ctx.saved_tensors
        n, d = before.shape
        r, z = gates.chunk(2, dim=1)
        by_r, by_z = recalled * (r - r * r), (before - news) * (z - z * z)  # [n, d]
        by_n = (1 - z) * (1 - news * news)  # [n, d]
        inner, outer = given.new_empty(n, 3 * d), given.new_empty(n, 3 * d)  # gradients of U h + c and of W x + b
        carried, end = given.new_empty(0, d), n
        for size in reversed(ctx.sizes):
            at = slice(end - size, end)
            grad = given[at].clone()  # [size, d]
            grad[: len(carried)] += carried
            of_n = torch.mul(grad, by_n[at], out=outer[at, 2 * d :])
            torch.mul(of_n, by_r[at], out=inner[at, :d])
            torch.mul(grad, by_z[at], out=inner[at, d : 2 * d])
            torch.mul(of_n, r[at], out=inner[at, 2 * d :])
            carried = torch.addmm(grad.mul_(z[at]), inner[at], u)  # [size, d]
            end -= size
        outer[:, : 2 * d] = inner[:, : 2 * d]
        return outer @ w, outer.T @ x, inner.T @ before, outer.sum(0), inner.sum(0), None


class _LSTM(Function):
    """i, f, o = sigmoid(..), g = tanh(..), c' = f c + i g, h' = o tanh(c'), as in torch.nn.LSTM."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, w: Tensor, u: Tensor, b: Tensor, c: Tensor, sizes: list[int]) -> Tensor:
        n, d = len(x), u.shape[1]
        gates = torch.addmm(b + c, x, w.T)  # [n, 4 d], i, f, g, o
        before, after = x.new_zeros(n, d), x.new_empty(n, d)
        kept, cell = x.new_zeros(n, d), x.new_empty(n, d)  # c before and after each token
        start, previous = 0, 0
        for size in sizes:
            at = slice(start, start + size)
            if start:
                kept[at] = cell[previous : previous + size]
                gates[at].addmm_(before[at].copy_(after[previous : previous + size]), u.T)
            gates[at, : 2 * d].sigmoid_()
            gates[at, 3 * d :].sigmoid_()
            i, f, g, o = gates[at].chunk(4, dim=1)
            torch.mul(f, kept[at], out=cell[at]).addcmul_(i, g.tanh_())
            torch.tanh(cell[at], out=after[at]).mul_(o)
            start, previous = start + size, start
        ctx.save_for_backward(x, w, u, gates, before, kept, cell)
        ctx.sizes = sizes
        return after

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, given: Tensor) -> tuple[Tensor | None, ...]:
        x, w, u, gates, before, kept, cell = ctx.saved_tensors
        n, d = before.shape
        i, f, g, o = gates.chunk(4, dim=1)
        told = cell.tanh()  # [n, d]
        by_c, by_o = o * (1 - told * told), told * (o - o * o)  # [n, d]
        by_ifg = torch.cat([g * (i - i * i), kept * (f - f * f), i * (1 - g * g)], dim=1).view(n, 3, d)
        grads = given.new_empty(n, 4 * d)
        carried, carried_cell, end = given.new_empty(0, d), given.new_empty(0, d), n
        for size in reversed(ctx.sizes):
            at = slice(end - size, end)
            grad = given[at].clone()  # [size, d]
            grad[: len(carried)] += carried
            of_cell = grad * by_c[at]  # [size, d]
            of_cell[: len(carried)] += carried_cell
            torch.mul(of_cell[:, None], by_ifg[at], out=grads[at, : 3 * d].view(size, 3, d))
            torch.mul(grad, by_o[at], out=grads[at, 3 * d :])
            carried, carried_cell = grads[at] @ u, of_cell.mul_(f[at])  # [size, d]
            end -= size
        bias = grads.sum(0)
        return grads @ w, grads.T @ x, grads.T @ before, bias, bias, None
