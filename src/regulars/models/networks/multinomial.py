"""Multinomial likelihood of whole histories: one softmax over the catalog for all items of a customer."""

from collections.abc import Iterator
from typing import Any, Final

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .bags import Bags
from .softmax import raised

SCORES: Final = 1 << 25  # held at a time: 64 MB in bfloat16
FIRST: Final = 1024  # columns among which the top of a row is looked for; `raised` keeps what is e^69 times as much


def multinomial(hidden: Tensor, weight: Tensor, bias: Tensor, wanted: Bags) -> Tensor:
    """- sum of amount * log softmax(hidden @ weight.T + bias) over all entries of `wanted`; a number.

    hidden: [batch, d]; weight: [n_items, d]; bias: [n_items]. No item is twice in a bag. Under autocast the products
    are made in its precision. The gradient is made on the way, a block of customers at a time, from the powers of the
    scores as they lie in their place.
    Source: Liang et al., WWW 2018, eq. 2.
    """
    loss: Tensor = _Multinomial.apply(hidden, weight, bias, wanted)  # type: ignore[no-untyped-call]
    return loss


class _Multinomial(torch.autograd.Function):
    """The bias is one more column of the weights, and of the hidden layer a 1."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor, wanted: Bags) -> Tensor:
        device = hidden.device.type
        kind = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else torch.float32
        rows = _wider(hidden, 1.0, kind)  # [batch, d + 1]
        items = _wider(weight, bias, kind)  # [n_items, d + 1]
        learns, told = ctx.needs_input_grad[0], any(ctx.needs_input_grad[1:3])
        by_rows = torch.empty_like(hidden, dtype=torch.float32) if learns else None
        by_weight = by_bias = None
        loss = hidden.new_zeros((), dtype=torch.float32)
        for block in _blocks(len(rows), max(1, SCORES // len(items))):
            scores = rows[block] @ items.T  # [block, n_items]
            lost, shares = _slopes(scores, _part(wanted, block))
            loss += lost
            if by_rows is not None:
                by_rows[block] = shares * (scores @ items)[:, :-1]  # [block, d]
            if told:
                slopes = scores.T @ (shares * rows[block]).to(kind)  # [n_items, d + 1]
                by_weight = _added(by_weight, slopes[:, :-1])
                by_bias = _added(by_bias, slopes[:, -1])
        ctx.save_for_backward(by_rows, by_weight, by_bias)
        return loss

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, above: Tensor) -> tuple[Tensor | None, ...]:
        return (*(None if slope is None else slope.mul_(above) for slope in ctx.saved_tensors), None)


def _added(slopes: Tensor | None, more: Tensor) -> Tensor:
    """Both, float32 and in one piece: the optimizer takes it as it is."""
    if slopes is None:
        return more.to(torch.float32, memory_format=torch.contiguous_format, copy=True)
    return slopes.add_(more)


def _wider(table: Tensor, last: Tensor | float, kind: torch.dtype) -> Tensor:
    """The table [n, d] with one more column, of that kind; [n, d + 1]."""
    wider = table.new_empty((len(table), table.shape[1] + 1), dtype=kind)
    wider[:, :-1] = table
    wider[:, -1] = last
    return wider


def _slopes(scores: Tensor, wanted: Bags) -> tuple[Tensor, Tensor]:
    """The loss of a block; its scores [block, n_items] become the slopes of the loss by them over `shares` [block, 1].

    exp(score - top), less what the amount is in units of the shares: mass / sum of the powers.
    """
    rows, masses = wanted.rows(), wanted.masses()
    places, flat = rows * scores.shape[1] + wanted.items, scores.view(-1)
    met = flat[places].float()
    tops = scores[:, :FIRST].amax(dim=1).float().scatter_reduce(0, rows, met, "amax")
    sums = raised(scores, tops)
    loss = masses @ (tops + sums.log()) - wanted.amounts @ met
    shares = masses / sums
    flat[places] -= (wanted.amounts / shares[rows]).to(scores.dtype)
    return loss, shares[:, None]


def _blocks(n: int, most: int) -> Iterator[slice]:
    """Slices of n rows, at most so many in each, all about as long."""
    count = max(1, -(-n // most))
    size = max(1, -(-n // count))
    return (slice(start, min(n, start + size)) for start in range(0, n, size))


def _part(some: Bags, rows: slice) -> Bags:
    starts = some.starts[rows.start : rows.stop + 1]
    entries = slice(int(starts[0]), int(starts[-1]))
    return Bags(some.items[entries], some.amounts[entries], starts - starts[0])
