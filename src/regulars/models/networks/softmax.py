"""The softmax over a whole catalog in bounded memory: gradients are made in the forward pass, logits are never kept.

Idea: Wijmans et al., Cut Your Losses in Large-Vocabulary Language Models, ICLR 2025.
"""

from typing import Any, Final

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn.functional import embedding, pad

from regulars.kernels.half_tiles import available
from regulars.kernels.powers import powers_half, powers_single

from . import tiled

ROWS: Final = 512  # targets looked at together
HELD: Final = 8_000_000  # logits of them that are kept for the gradient; beyond, they are computed twice
STEP: Final = 128  # oneDNN compiles a product anew for every shape, so rows and negatives are filled up to multiples
COLUMNS: Final = 1024  # items looked at together: their logits stay in the second cache of a core


def full(hidden: Tensor, table: Tensor, targets: Tensor) -> Tensor:
    """The sum over tokens of -log softmax(hidden @ table.T)[target].

    hidden: [n, d]; table: [n_items, d]; targets: int64 [n]. Products are in bfloat16 under autocast, else in the type
    of `hidden`; sums, the targets' own logits and the gradients in float32.
    """
    loss: Tensor = _Softmax.apply(hidden, table, None, targets, None)  # type: ignore[no-untyped-call]
    return loss


def sampled(hidden: Tensor, table: Tensor, targets: Tensor, negatives: Tensor, log_q: Tensor | None = None) -> Tensor:
    """The same among the target and `negatives`, rows of the table that are shared by all tokens; int64 [m], rising.

    log_q: [n_items], the logarithm of the chance of each item to be among the negatives, subtracted from the logits of
    those: what is drawn often stands for fewer others. The target is always there, so its logit stays as it is
    (Khrylchenko et al., Correcting the LogQ Correction, RecSys 2025). A negative that is a token's target is left out.
    """
    positive = (hidden.float() * embedding(targets, table).float()).sum(1)  # [n]
    more = -len(negatives) % STEP
    bias = pad(hidden.new_zeros(len(negatives)) if log_q is None else -log_q[negatives], (0, more), value=-1e30)
    place = torch.searchsorted(negatives, targets).clamp(max=max(len(negatives) - 1, 0))
    own = torch.where(negatives[place] == targets, place, -1) if len(negatives) else torch.full_like(targets, -1)
    columns = pad(embedding(negatives, table), (0, 0, 0, more))  # [m, d]
    loss: Tensor = _Softmax.apply(hidden, columns, positive, own, bias)  # type: ignore[no-untyped-call]
    return loss


class _Softmax(Function):
    """The sum of log(exp(positive) + sum over columns but `own` of exp(hidden . column + bias)) - positive.

    positive: [n], the targets' logits; None when they are those of `own`, of which then every row has one.
    """

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, columns: Tensor, positive: Tensor | None, own: Tensor, bias: Tensor | None
    ) -> Tensor:
        inside, targets = positive is None, own
        if positive is None:
            positive = (hidden.detach().float() * columns.detach()[own].float()).sum(1)
        device = hidden.device.type
        kind = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else hidden.dtype
        rows, table = hidden.detach(), columns.detach()
        told = (rows, table, positive.detach(), own, bias)
        if kind == torch.bfloat16 and device == "cpu" and available():
            loss, by_rows, by_positive, by_columns = tiled.softmax(*told)
        else:
            loss, by_rows, by_positive, by_columns = _multiplied(*told, kind)
        if inside:
            by_rows += by_positive[:, None] * table[targets].float()
            by_columns.index_add_(0, targets, by_positive[:, None] * rows.float())
        ctx.gradients = by_rows, by_columns, None if inside else by_positive
        ctx.kinds = hidden.dtype, columns.dtype
        return loss

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, given: Tensor) -> tuple[Tensor | None, ...]:
        rows, columns, positive = ctx.gradients
        del ctx.gradients  # they are changed in their place, for they are large: there is no second time
        for gradient in (rows, columns, *([] if positive is None else [positive])):
            gradient.mul_(given)
        return rows.to(ctx.kinds[0]), columns.to(ctx.kinds[1]), positive, None, None


def _multiplied(
    hidden: Tensor, columns: Tensor, positive: Tensor, own: Tensor, bias: Tensor | None, kind: torch.dtype
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """What `tiled.softmax` gives, by torch's products of that kind, wherever the tensors are."""
    n, more = len(hidden), -len(hidden) % STEP
    rows, positive = pad(hidden.to(kind), (0, 0, 0, more)), pad(positive.float(), (0, more))
    own = pad(own, (0, more), value=-1)
    by_rows, by_positive = torch.zeros_like(rows, dtype=torch.float32), torch.empty_like(positive)
    catalog = _Catalog(columns, bias, kind)
    loss = positive.new_zeros(())
    for begin in range(0, len(rows), ROWS):
        at = slice(begin, begin + ROWS)
        part = _Part(catalog, rows[at], own[at])
        top, total = part.sums(positive[at], by_rows[at])
        by_rows[at] /= total[:, None]
        part.add_gradient(top, total)
        loss += (total.log() + top - positive[at])[: max(n - begin, 0)].sum()
        by_positive[at] = torch.exp(positive[at] - top) / total - 1
    return loss, by_rows[:n], by_positive[:n], catalog.gradient


class _Catalog:
    """The columns in blocks, room for the logits of as many as may be kept, and what the columns' gradient has become.

    gradient: float32 [n_columns, d].
    """

    def __init__(self, table: Tensor, bias: Tensor | None, kind: torch.dtype) -> None:
        n = len(table)
        self.kind, self.bias = kind, bias
        self.blocks = [slice(begin, min(begin + COLUMNS, n)) for begin in range(0, n, COLUMNS)]
        self.keeps = ROWS * n <= HELD
        self.table = table.to(kind) if self.keeps else table
        rooms = len(self.blocks) if self.keeps else 1
        self.rooms = [table.new_empty(ROWS, block.stop - block.start, dtype=kind) for block in self.blocks[:rooms]]
        self.gradient = torch.zeros_like(table, dtype=torch.float32)

    def columns(self, place: int) -> Tensor:
        """Those of a block, as the products take them; [columns, d]."""
        return self.table[self.blocks[place]].to(self.kind)

    def room(self, place: int, n: int) -> Tensor:
        """Where n rows of logits of a block go; all blocks go to the same place when they are not kept."""
        if self.keeps:
            return self.rooms[place][:n]
        width = self.blocks[place].stop - self.blocks[place].start
        return self.rooms[0].view(-1)[: n * width].view(n, width)


class _Part:
    """Some rows of the softmax: exp(logits - top), of one block of columns after another."""

    def __init__(self, catalog: _Catalog, rows: Tensor, own: Tensor) -> None:
        self.catalog, self.rows, self.own = catalog, rows, own
        self.owners = torch.argsort(own)
        ends = torch.tensor([0, *(block.stop for block in catalog.blocks)], device=own.device)
        self.cuts = torch.searchsorted(own[self.owners], ends).tolist()

    def sums(self, positive: Tensor, by_rows: Tensor) -> tuple[Tensor, Tensor]:
        """The top of each row, and the sum of its powers; to by_rows the columns are added, each times its power.

        The top is the largest of the first block and the target's: `raised` keeps what is e^69 times as much.
        """
        top, total = positive, torch.ones_like(positive)
        for place in range(len(self.catalog.blocks)):
            columns = self.catalog.columns(place)
            logits = self._logits(place, columns)  # [rows, columns]
            if not place:
                top = torch.maximum(logits.amax(1).float(), positive)
                total = torch.exp(positive - top)
            total += raised(logits, top)
            by_rows += logits @ columns
        return top, total

    def add_gradient(self, top: Tensor, total: Tensor) -> None:
        """Adds to the gradient of each column what these rows say of it."""
        shared = (self.rows / total[:, None]).to(self.rows.dtype)  # [rows, d]
        for place, block in enumerate(self.catalog.blocks):
            powers = self.catalog.room(place, len(self.rows))
            if not self.catalog.keeps:
                raised(self._logits(place, self.catalog.columns(place)), top)
            self.catalog.gradient[block] += powers.T @ shared

    def _logits(self, place: int, columns: Tensor) -> Tensor:
        logits, bias = self.catalog.room(place, len(self.rows)), self.catalog.bias
        torch.mm(self.rows, columns.T, out=logits)
        if bias is not None:
            logits += bias[self.catalog.blocks[place]]
        owners = self.owners[self.cuts[place] : self.cuts[place + 1]]
        logits[owners, self.own[owners] - self.catalog.blocks[place].start] = -1e30
        return logits


def raised(logits: Tensor, top: Tensor) -> Tensor:
    """exp(logits - top) in their place; the sum of each row, float32."""
    if logits.device.type != "cpu" or logits.dtype not in (torch.bfloat16, torch.float32):
        powers = logits.sub_(top[:, None].to(logits.dtype)).clamp_(max=69.0).exp_()
        return powers.sum(1, dtype=torch.float32)
    total = torch.empty_like(top)
    if logits.dtype == torch.bfloat16:
        powers_half(logits.view(torch.uint16).numpy(), top.numpy(), total.numpy())
    else:
        powers_single(logits.numpy(), top.numpy(), total.numpy())
    return total
