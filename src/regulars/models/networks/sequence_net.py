"""The one sequence network: steps that were, attributes, and what is known of the steps to come -> an answer for each.

    steps that were -> cells -> what is known at a fork --+-- each coming step on its own       (many to one)
    the step at a fork alone -> cells -----------------   +-- cells over the coming steps       (one, many to many)

A fork is a step from which the network looks ahead. All forks of a sequence share one reading of it (forking sequences,
Wen et al. 2017), so learning from every week costs hardly more than learning from the last one.
"""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from regulars.core import Ints, Longs
from regulars.features import Encoded, Inputs

from .inputs import Fed, InputEmbedding
from .recurrent import Recurrent


@dataclass(frozen=True)
class SequenceShape:
    """The shape of a sequence network.

    past, ahead: numbers that tell a step that was, and one to come; horizon: steps to come; outputs: of each of them;
    tables: how the attributes are read, one for each thing that a sequence belongs to (a customer and an item). See
    `Arranged` for the rest.
    """

    past: int
    ahead: int
    horizon: int
    outputs: int
    tables: tuple[Inputs, ...]
    arrangement: str
    cell: str
    layers: int
    width: int
    dropout: float

    @property
    def cells(self) -> Recurrent:
        """The shape of the cells."""
        return Recurrent(self.width, 0, self.layers, self.cell, self.dropout)


@dataclass(frozen=True)
class Steps:
    """Sequences one after another, each oldest first, and the forks at which is asked.

    past: float32 [n_tokens, past]; lengths: int64 [n], each above 0; forks: int64 [f], tokens; ahead: float32
    [f, horizon, ahead]; owners: for each table of attributes the row of each sequence, int64 [n].
    """

    past: Tensor
    lengths: Longs
    forks: Tensor
    ahead: Tensor
    owners: tuple[Tensor, ...] = ()


class SequenceNet(nn.Module):
    """Answers for the coming steps at every fork: [f, horizon, outputs]."""

    def __init__(self, shape: SequenceShape) -> None:
        super().__init__()
        self.shape, width = shape, shape.width
        self.tables = nn.ModuleList(InputEmbedding(table, size=min(16, width)) for table in shape.tables)
        self.told = nn.ModuleList(nn.Linear(_width(table), 2 * width) for table in self.tables)
        self.steps = nn.Linear(shape.past, width)
        self.cells = shape.cells.build()
        self.known = nn.Linear(width, width)
        self.coming = nn.Linear(shape.ahead, width, bias=False)
        self.places = nn.Parameter(torch.zeros(shape.horizon, width))
        self.onward = nn.Linear(width, width) if shape.arrangement == "many_to_one" else shape.cells.build()
        self.dropout = nn.Dropout(shape.dropout)
        self.answer = nn.Linear(width, shape.outputs)
        self.straight = nn.Linear(shape.ahead, shape.outputs, bias=False)  # what a price does, before all detail
        nn.init.zeros_(self.straight.weight)

    def forward(self, steps: Steps, attributes: tuple[Fed, ...] = ()) -> Tensor:
        owner = _owners(steps.lengths).to(steps.past.device)  # [n_tokens]
        within, without = self._told(steps, attributes).chunk(2, dim=1)  # [n, width] each
        x, lengths, forks = steps.past, steps.lengths, steps.forks
        if self.shape.arrangement == "one_to_many":
            x, lengths, owner = x[forks], torch.ones(len(forks), dtype=torch.int64).numpy(), owner[forks]
            forks = torch.arange(len(forks), device=x.device)
        read = self.cells.read(torch.tanh(self.steps(x) + within[owner]), lengths)  # [n_tokens, width]
        known = self.known(read[forks]) + without[owner[forks]]  # [f, width]
        hidden = torch.relu(known[:, None] + self.coming(steps.ahead) + self.places)  # [f, horizon, width]
        hidden = self.dropout(hidden + self._onward(hidden))
        answers: Tensor = self.answer(hidden) + self.straight(steps.ahead)  # [f, horizon, outputs]
        return answers.float()

    def _onward(self, hidden: Tensor) -> Tensor:
        """Each coming step by itself, or the coming steps of a fork as a sequence of their own."""
        if isinstance(self.onward, nn.Linear):
            return torch.relu(self.onward(hidden))
        f, horizon, width = hidden.shape
        lengths = torch.full((f,), horizon, dtype=torch.int64).numpy()
        gone: Tensor = self.onward.read(hidden.reshape(f * horizon, width), lengths)
        return gone.view(f, horizon, width)

    def _told(self, steps: Steps, attributes: tuple[Fed, ...]) -> Tensor:
        """What the attributes say of each sequence; [n, 2 * width]."""
        said = steps.past.new_zeros(len(steps.lengths), 2 * self.shape.width)
        for table, layer, rows, owners in zip(self.tables, self.told, attributes, steps.owners, strict=True):
            said = said + table.through(layer, rows)[owners]  # type: ignore[operator]
        return said


def fed(
    encoded: tuple[Encoded, ...], owners: tuple[Ints | Longs, ...], device: torch.device
) -> tuple[tuple[Fed, ...], tuple[Tensor, ...]]:
    """The rows of the tables that these sequences belong to, each of them once, and which one each belongs to."""
    tables, rows = [], []
    for table, owner in zip(encoded, owners, strict=True):
        used, places = torch.unique(torch.from_numpy(owner).long(), return_inverse=True)
        tables.append(Fed.of(table[used.numpy()], device))
        rows.append(places.to(device))
    return tuple(tables), tuple(rows)


def _owners(lengths: Longs) -> Tensor:
    counts = torch.from_numpy(lengths)
    return torch.repeat_interleave(torch.arange(len(counts)), counts)


def _width(table: nn.Module) -> int:
    return cast(InputEmbedding, table).width
