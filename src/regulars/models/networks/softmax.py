"""The softmax over a whole catalog in bounded memory: gradients are made in the forward pass, logits are never kept.

Idea: Wijmans et al., Cut Your Losses in Large-Vocabulary Language Models, ICLR 2025.
"""

from typing import Any, Final

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn.functional import embedding

ROWS: Final = 512  # targets looked at together
HELD: Final = 8_000_000  # logits of them that are kept for the gradient; beyond, they are computed twice
COLUMNS: Final = 2048  # items looked at together: their logits stay in the second cache of a core


def full(hidden: Tensor, table: Tensor, targets: Tensor) -> Tensor:
    """The sum over tokens of -log softmax(hidden @ table.T)[target].

    hidden: [n, d]; table: [n_items, d]; targets: int64 [n]. Products are in bfloat16 under autocast, else in the type
    of `hidden`; sums, the targets' own logits and the gradients in float32.
    """
    positive = (hidden.float() * embedding(targets, table).float()).sum(1)  # [n]
    loss: Tensor = _Softmax.apply(hidden, table, positive, targets, None)  # type: ignore[no-untyped-call]
    return loss


def sampled(hidden: Tensor, table: Tensor, targets: Tensor, negatives: Tensor, log_q: Tensor | None = None) -> Tensor:
    """The same among the target and `negatives`, rows of the table that are shared by all tokens; int64 [m], rising.

    log_q: [n_items], the logarithm of the chance of each item to be among the negatives, subtracted from the logits of
    those: what is drawn often stands for fewer others. The target is always there, so its logit stays as it is
    (Khrylchenko et al., Correcting the LogQ Correction, RecSys 2025). A negative that is a token's target is left out.
    """
    positive = (hidden.float() * embedding(targets, table).float()).sum(1)  # [n]
    bias = None if log_q is None else -log_q[negatives]
    place = torch.searchsorted(negatives, targets).clamp(max=max(len(negatives) - 1, 0))
    own = torch.where(negatives[place] == targets, place, -1) if len(negatives) else torch.full_like(targets, -1)
    loss: Tensor = _Softmax.apply(hidden, embedding(negatives, table), positive, own, bias)  # type: ignore[no-untyped-call]
    return loss


class _Softmax(Function):
    """The sum of log(exp(positive) + sum over columns but `own` of exp(hidden . column + bias)) - positive."""

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, columns: Tensor, positive: Tensor, own: Tensor, bias: Tensor | None
    ) -> Tensor:
        half = torch.get_autocast_dtype(hidden.device.type) if torch.is_autocast_enabled(hidden.device.type) else None
        kind = half or hidden.dtype
        rows, table = hidden.detach().to(kind), columns.detach().to(kind)
        by_rows = torch.empty(rows.shape, dtype=torch.float32, device=rows.device)
        by_columns = torch.zeros(table.shape, dtype=torch.float32, device=rows.device)
        by_positive = torch.empty_like(positive, dtype=torch.float32)
        loss = positive.new_zeros((), dtype=torch.float32)
        for begin in range(0, len(rows), ROWS):
            at = slice(begin, begin + ROWS)
            part = _Part(rows[at], table, own[at], bias)
            whole = torch.logaddexp(part.sums(), positive[at].float())  # [rows]
            loss += (whole - positive[at]).sum()
            part.gradients(whole, by_rows[at], by_columns)
            by_positive[at] = torch.exp(positive[at] - whole) - 1
        ctx.save_for_backward(by_rows, by_columns, by_positive)
        ctx.kinds = hidden.dtype, columns.dtype, positive.dtype
        return loss

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, given: Tensor) -> tuple[Tensor | None, ...]:
        rows, columns, positive = (
            (grad * given).to(kind) for grad, kind in zip(ctx.saved_tensors, ctx.kinds, strict=True)
        )
        return rows, columns, positive, None, None


class _Part:
    """Some rows of the softmax: exp(logits - top) of one block of columns after another, kept as far as they may be."""

    def __init__(self, rows: Tensor, table: Tensor, own: Tensor, bias: Tensor | None) -> None:
        self.rows, self.table, self.own, self.bias = rows, table, own, bias
        self.blocks = [slice(begin, begin + COLUMNS) for begin in range(0, len(table), COLUMNS)]
        self.tops: list[Tensor] = []
        self.kept: list[Tensor | None] = []

    def sums(self) -> Tensor:
        """The logarithm of each row's sum over all blocks; float32 [rows]."""
        sums = []
        for block in self.blocks:
            logits = self._logits(block)  # [rows, columns]
            top = logits.amax(1).float()
            powers = self._powers(logits, top, block)
            sums.append(top + powers.sum(1).float().log())
            self.tops.append(top)
            fits = sum(kept.numel() for kept in self.kept if kept is not None) + powers.numel() <= HELD
            self.kept.append(powers if fits else None)
        return torch.logsumexp(torch.stack(sums), 0)

    def gradients(self, whole: Tensor, by_rows: Tensor, by_columns: Tensor) -> None:
        """What each row's hidden state (set) and each column (added) get of the softmax's gradient."""
        by_rows.zero_()
        for block, top, kept in zip(self.blocks, self.tops, self.kept, strict=True):
            powers = self._powers(self._logits(block), top, block) if kept is None else kept  # [rows, columns]
            share = torch.exp(top - whole)[:, None]  # [rows, 1]
            by_rows.addcmul_((powers @ self.table[block]).float(), share)
            by_columns[block] += powers.T @ (self.rows * share).to(powers.dtype)

    def _logits(self, block: slice) -> Tensor:
        logits = self.rows @ self.table[block].T
        return logits if self.bias is None else logits.add_(self.bias[block])

    def _powers(self, logits: Tensor, top: Tensor, block: slice) -> Tensor:
        """exp(logits - top) in their place, 0 for each row's own target."""
        powers = logits.sub_(top[:, None].to(logits.dtype)).exp_()
        here = torch.nonzero((self.own >= block.start) & (self.own < block.stop))[:, 0]
        powers[here, self.own[here] - block.start] = 0
        return powers
