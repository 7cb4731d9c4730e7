"""Multinomial likelihood of whole histories: one softmax over the catalog for all items of a customer."""

from collections.abc import Iterator
from typing import Any, Final

import torch
from torch import Tensor

from .bags import Bags

SCORES: Final = 1 << 25  # held at a time: 64 MB in bf16
CACHED: Final = 1 << 18  # of them turned into slopes together: 1 MB of float32


def multinomial(hidden: Tensor, weight: Tensor, bias: Tensor, wanted: Bags) -> Tensor:
    """- sum of amount * log softmax(hidden @ weight.T + bias) over all entries of `wanted`; a number.

    hidden: [batch, d]; weight: [n_items, d]; bias: [n_items]. Under autocast the products are made in
    its precision. The gradient is made on the way, a block of customers at a time: no softmax of a batch is held.
    Source: Liang et al., WWW 2018, eq. 2.
    """
    loss: Tensor = _Multinomial.apply(hidden, weight, bias, wanted)  # type: ignore[no-untyped-call]
    return loss


class _Multinomial(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor, wanted: Bags) -> Tensor:
        kind = _precision(hidden)
        whole, items, masses = hidden.to(kind), weight.to(kind), wanted.masses()
        slopes = [torch.zeros_like(part) if wants else None for part, wants in _wants(ctx, hidden, weight, bias)]
        loss = hidden.new_zeros((), dtype=torch.float32)
        for rows in _blocks(len(hidden), max(1, SCORES // len(weight))):
            scores = whole[rows] @ items.T  # [block, n_items]
            loss += _turned(scores, bias, _part(wanted, rows), masses[rows], slopes[2])
            if slopes[0] is not None:
                slopes[0][rows] = scores @ items  # [block, d]
            if slopes[1] is not None:
                slopes[1] += scores.T @ whole[rows]  # [n_items, d]
        ctx.save_for_backward(*slopes)
        return loss

    @staticmethod
    def backward(ctx: Any, *above: Tensor) -> tuple[Tensor | None, ...]:
        return (*(None if slope is None else slope.mul_(above[0]) for slope in ctx.saved_tensors), None)


def _turned(scores: Tensor, bias: Tensor, wanted: Bags, masses: Tensor, slope: Tensor | None) -> Tensor:
    """The loss of a block; its scores [block, n_items], yet without bias, become the slopes of the loss by them."""
    n_items, loss = scores.shape[1], bias.new_zeros(())
    for rows in _blocks(len(scores), max(1, CACHED // n_items)):
        some = _part(wanted, rows)
        block = scores[rows].float() + bias  # [some, n_items]
        places = some.rows() * n_items + some.items
        flat = block.view(-1)
        loss -= some.amounts @ flat[places]
        highest = block.amax(dim=1)
        sums = block.sub_(highest[:, None]).exp_().sum(dim=1)
        loss += masses[rows] @ (highest + sums.log())
        block.mul_((masses[rows] / sums)[:, None])
        flat[places] -= some.amounts
        if slope is not None:
            slope += block.sum(dim=0)
        scores[rows] = block
    return loss


def _wants(ctx: Any, *parts: Tensor) -> Iterator[tuple[Tensor, bool]]:
    return zip(parts, ctx.needs_input_grad, strict=False)


def _precision(like: Tensor) -> torch.dtype:
    device = like.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else torch.float32


def _blocks(n: int, most: int) -> Iterator[slice]:
    """Slices of n rows, at most so many in each, all about as long."""
    count = max(1, -(-n // most))
    size = max(1, -(-n // count))
    return (slice(start, min(n, start + size)) for start in range(0, n, size))


def _part(some: Bags, rows: slice) -> Bags:
    starts = some.starts[rows.start : rows.stop + 1]
    entries = slice(int(starts[0]), int(starts[-1]))
    return Bags(some.items[entries], some.amounts[entries], starts - starts[0])
