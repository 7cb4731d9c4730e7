"""Sequences: ragged histories as flat tokens, so that nothing is computed on padding."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor

from regulars.core import Histories, Ints, Longs, spans, starts_of
from regulars.core.mapped import looked_up, pieces

NOTHING: Final = -100  # the target of a token that has none
WIDTHS: Final = np.array([2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 160, 200, 256])  # of groups, then doubled


class Group(NamedTuple):
    """Sequences of a batch of nearly one length, side by side.

    places: int64 [n * width], for each sequence its tokens, among those of the group, and then its last one again;
    kept: int64, which of these are no such repeats; both None where all are of one length. times: int64 [n, width].
    """

    n_tokens: int
    places: Tensor | None
    kept: Tensor | None
    times: Tensor

    def square(self, x: Tensor) -> Tensor:
        """The tokens of the group [n_tokens, d] side by side; [n, width, d]."""
        side_by_side = x if self.places is None else x.index_select(0, self.places)
        return side_by_side.view(*self.times.shape, -1)

    def flat(self, x: Tensor) -> Tensor:
        """What stands side by side [n, width, d] as the tokens of the group; [n_tokens, d]."""
        row_by_row = x.flatten(0, 1)
        return row_by_row if self.kept is None else row_by_row.index_select(0, self.kept)


@dataclass(frozen=True)
class Batch:
    """Sequences one after another, shortest first, each oldest first: flat tokens.

    items: int64 [n_tokens], rows of the table of vectors; times: int64 [n_tokens], seconds; targets: int64 [n_tokens],
    what came next, NOTHING where that is not asked; starts: [n + 1]; order: int64 [n], which of the sequences that were
    asked for each one is.
    """

    items: Tensor
    times: Tensor
    targets: Tensor
    starts: Longs
    order: Longs

    @cached_property
    def lengths(self) -> Longs:
        """Tokens of each sequence, rising; int64 [n]."""
        return np.diff(self.starts)

    @cached_property
    def places(self) -> Tensor:
        """The place of each token in its sequence, from 0; int64 [n_tokens]."""
        places = np.arange(self.starts[-1]) - np.repeat(self.starts[:-1], self.lengths)
        return torch.from_numpy(places).to(self.items.device)

    @cached_property
    def ends(self) -> Tensor:
        """The newest token of each sequence; int64 [n]."""
        return torch.from_numpy(self.starts[1:] - 1).to(self.items.device)

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The batch cut into sequences of nearly one length; their kept tokens in turn are those of the batch."""
        groups, begin = [], 0
        for end in _cuts(self.lengths):
            groups.append(self._group(begin, end))
            begin = end
        return tuple(groups)

    def parted(self, x: Tensor) -> Iterator[tuple[Tensor, Group]]:
        """The tokens [n_tokens or more, d] of each group side by side, [n, width, d], and the group."""
        sizes = [group.n_tokens for group in self.groups]
        parts = torch.split(x, [*sizes, len(x) - sum(sizes)])
        for part, group in zip(parts, self.groups, strict=False):
            yield group.square(part), group

    def _group(self, begin: int, end: int) -> Group:
        lengths, width = self.lengths[begin:end, np.newaxis], int(self.lengths[end - 1])
        first, n_tokens = self.starts[begin], int(self.starts[end] - self.starts[begin])
        place = np.arange(width)
        tokens = self.starts[begin:end, np.newaxis] + np.minimum(place, lengths - 1)
        device = self.items.device
        times = self.times[torch.from_numpy(tokens).to(device)]
        if lengths[0] == width:
            return Group(n_tokens, None, None, times)
        kept = np.flatnonzero((place < lengths).ravel())
        places = torch.from_numpy((tokens - first).ravel()).to(device)
        return Group(n_tokens, places, torch.from_numpy(kept).to(device), times)


@dataclass(frozen=True)
class Sequences:
    """Many sequences of item codes, row i the slice starts[i]:starts[i + 1]; items int32, times int64."""

    starts: Longs
    items: Ints
    times: Longs

    @classmethod
    def of(cls, histories: Histories, codes: Ints, *, gap: float = np.inf) -> "Sequences":
        """What was met, without returns and items that have no code (codes: int32 [n_items], -1 for none).

        A pause of more than `gap` seconds ends a sequence and begins the next.
        """
        met = known(histories, codes)
        starts = met.starts
        if np.isfinite(gap):
            starts = np.unique(np.concatenate([starts, *_pauses(met.times, gap)]))
        return cls(starts, looked_up(codes, met.items), met.times)

    def __len__(self) -> int:
        return len(self.starts) - 1

    @cached_property
    def lengths(self) -> Longs:
        return np.diff(self.starts)

    def windows(self, length: int, random: np.random.Generator) -> tuple[Longs, Longs]:
        """Where windows of at most `length` + 1 events begin and end, so that nearly all events are a target of one.

        A history that is longer is cut from its end, the newest window shortened by chance, so that each epoch sees
        other cuts. Sequences of one event have nothing that comes next, and no window.
        """
        first, last = self.starts[:-1][self.lengths > 1], self.starts[1:][self.lengths > 1]
        steps = last - first - 1
        newest = np.where(steps > length, random.integers(1, length + 1, len(steps)), steps)
        counts = 1 - (newest - steps) // length
        older = spans(np.zeros(len(steps), dtype=np.int64), counts)  # 0 for the newest window
        rows = np.repeat(np.arange(len(steps)), counts)
        ends = last[rows] - np.where(older > 0, newest[rows] + (older - 1) * length, 0)
        begins = np.maximum(ends - 1 - np.where(older > 0, length, newest[rows]), first[rows])
        return begins, ends

    def batch(self, begins: Longs, ends: Longs, *, ahead: bool = True, device: str = "cpu") -> Batch:
        """The windows begin:end as a batch; `ahead`: the newest event of each is only a target."""
        lengths = ends - begins - ahead
        order = np.argsort(lengths, kind="stable")
        begins, lengths = begins[order], lengths[order]
        events = spans(begins, lengths)
        targets = self.items[events + 1] if ahead else np.full(len(events), NOTHING)
        items, times, wanted = (
            torch.from_numpy(column.astype(np.int64)).to(device)
            for column in (self.items[events], self.times[events], targets)
        )
        return Batch(items, times, wanted, starts_of(lengths), order)


def _pauses(times: Longs, gap: float) -> Iterator[Longs]:
    """The events that come more than `gap` seconds after the event before them."""
    for part in pieces(len(times)):
        waited = np.diff(times[max(part.start - 1, 0) : part.stop])
        yield np.flatnonzero(waited > gap) + max(part.start, 1)


def known(histories: Histories, codes: Ints) -> Histories:
    """The events of items that have a code and were not taken back."""
    inside = np.empty(len(histories.items), dtype=np.bool_)
    for part in pieces(len(inside)):
        items = histories.items[part]
        met = (items >= 0) & (items < len(codes)) & (histories.weights[part] > 0)
        met[met] = codes[items[met]] >= 0
        inside[part] = met
    return histories.where(inside)


def _cuts(lengths: Longs) -> Sequence[int]:
    """Where groups of rising lengths end."""
    if not len(lengths):
        return []
    widths = WIDTHS
    while widths[-1] < lengths[-1]:
        widths = np.append(widths, 2 * widths[-1])
    ends = np.unique(np.searchsorted(lengths, widths, side="right"))
    return [int(end) for end in ends if end > 0]
