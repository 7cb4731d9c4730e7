"""DCN-v2 (Wang et al., WWW 2021): a network that crosses the numbers and categories of a row with each other."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from regulars.core import Bools, Floats, Ints, Longs, Run, floats, spans, starts_of
from regulars.kernels.pairs import looked_at

from ..trained import Trained
from .training import Task, train_members
from .weights import Weights

_ROWS = 16_384  # scored at a time
K = 10  # of the lists that say when to stop


class Rows(Protocol):
    """Rows of a table. numbers: float32 [p, c]; codes: int32 [p, g], from 1, 0 for the unknown."""

    @property
    def numbers(self) -> Floats: ...

    @property
    def codes(self) -> Ints: ...


class ListsOfRows(Protocol):
    """Lists of rows, in each of which something was wanted. starts: int64 [n + 1]; wanted: bool [p]."""

    @property
    def table(self) -> Rows: ...

    @property
    def starts(self) -> Longs: ...

    @property
    def wanted(self) -> Bools: ...


@dataclass(frozen=True)
class Teaching:
    """How a network is taught, beside what all networks share; see `DeepRanker`."""

    dropout: float = 0.0
    loss: str = "listwise"
    least: int = 1
    negatives: int = 0
    unseen: float = 0.0
    members: int = 1


@dataclass(frozen=True)
class Design:
    """The shape of the network. sizes: categories of each column of codes, the unknown included; see `DeepRanker`."""

    numbers: int
    sizes: tuple[int, ...]
    bins: int = 8
    number: int = 4
    embedding: int = 8
    crosses: int = 2
    rank: int = 32
    experts: int = 1
    layers: int = 2
    width: int = 64
    structure: str = "parallel"

    @property
    def widths(self) -> tuple[int, ...]:
        """Of each embedding: six times the fourth root of the categories (as in the paper), at most `embedding`."""
        return tuple(max(1, min(self.embedding, round(6 * size**0.25))) for size in self.sizes)


class Cross(nn.Module):
    """One cross layer: x0 * (W x + b) + x (eq. 1), W full or of low rank, mixed from experts (eq. 3 and 4)."""

    def __init__(self, width: int, rank: int, experts: int) -> None:
        super().__init__()
        self.full = nn.Linear(width, width) if not rank else None
        if rank:
            scale = width**-0.5
            self.down = nn.Parameter(torch.randn(experts, width, rank) * scale)
            self.core = nn.Parameter(torch.eye(rank).repeat(experts, 1, 1))
            self.up = nn.Parameter(torch.randn(experts, rank, width) * scale)
            self.bias = nn.Parameter(torch.zeros(width))
            self.gate = nn.Linear(width, experts) if experts > 1 else None

    def forward(self, first: Tensor, x: Tensor) -> Tensor:
        if self.full is not None:
            mixed: Tensor = self.full(x)  # [p, d]
        else:
            inner = torch.tanh(torch.einsum("pd,edr->epr", x, self.down))  # [experts, p, rank]
            inner = torch.tanh(torch.einsum("epr,ers->eps", inner, self.core))  # [experts, p, rank]
            if self.gate is not None:
                inner = inner * torch.softmax(self.gate(x), 1).T.unsqueeze(2)  # [experts, p, rank]
            mixed = torch.einsum("epr,erd->pd", inner, self.up) + self.bias  # [p, d]
        return first * mixed + x  # [p, d]


class DeepAndCross(nn.Module):
    """Numbers and codes of p rows -> p scores.

    A number is read by how far it is through each of its bins (Gorishniy et al., NeurIPS 2022, eq. 1), so that
    what lies beyond the numbers of training counts as the nearest of them.
    """

    low: Tensor  # [c, bins], where each bin begins
    span: Tensor  # [c, bins], how wide it is

    def __init__(self, design: Design, dropout: float = 0.0, unseen: float = 0.0) -> None:
        super().__init__()
        self.design, self.unseen = design, unseen
        self.register_buffer("low", torch.zeros(design.numbers, design.bins))
        self.register_buffer("span", torch.ones(design.numbers, design.bins))
        self.reading = nn.Parameter(torch.randn(design.numbers, design.bins, design.number) * design.bins**-0.5)
        self.offset = nn.Parameter(torch.zeros(design.numbers, design.number))
        pairs = zip(design.sizes, design.widths, strict=True)
        self.embeddings = nn.ModuleList(nn.Embedding(size, width) for size, width in pairs)
        for table in self.embeddings:
            nn.init.normal_(table.weight, std=0.1)  # type: ignore[arg-type]
        d = design.numbers * design.number + sum(design.widths)
        self.crosses = nn.ModuleList(Cross(d, design.rank, design.experts) for _ in range(design.crosses))
        widths = [d, *[design.width] * design.layers]
        steps: list[nn.Module] = []
        for wide, narrow in pairwise(widths):
            steps += [nn.Linear(wide, narrow), nn.ReLU(), nn.Dropout(dropout)]
        self.deep = nn.Sequential(*steps)
        self.drop = nn.Dropout(dropout)
        last = widths[-1] if design.structure == "stacked" else d + (widths[-1] if design.layers else 0)
        self.score = nn.Linear(last, 1)

    def forward(self, numbers: Tensor, codes: Tensor) -> Tensor:
        first = self.drop(self.rows(numbers, codes))  # [p, d]
        x = first
        for cross in self.crosses:
            x = cross(first, x)  # [p, d]
        if self.design.structure == "stacked":
            x = self.deep(x)  # [p, width]
        elif self.design.layers:
            x = torch.cat([x, self.deep(first)], 1)  # [p, d + width]
        scores: Tensor = (x.float() * self.score.weight).sum(
            1
        ) + self.score.bias  # [p], float32: they lie close together
        return scores

    def rows(self, numbers: Tensor, codes: Tensor) -> Tensor:
        """What the layers read of each row; [p, d]."""
        through = ((numbers.unsqueeze(2) - self.low) / self.span).clamp(0, 1)  # [p, c, bins]
        read = torch.relu(torch.einsum("pcb,cbn->pcn", through, self.reading) + self.offset)  # [p, c, number]
        if self.training and self.unseen:
            codes = codes * (torch.rand(codes.shape, device=codes.device) >= self.unseen)
        known = [table(column) for table, column in zip(self.embeddings, codes.T, strict=True)]
        return torch.cat([read.flatten(1), *known], 1)  # [p, d]

    def bound(self, knots: np.ndarray) -> None:
        """Sets the ends of the bins: knots [c, bins + 1], rising."""
        edges = torch.from_numpy(floats(knots))
        self.low.copy_(edges[:, :-1])
        self.span.copy_((edges[:, 1:] - edges[:, :-1]).clamp_min(1e-6))


@dataclass(frozen=True)
class CrossNet:
    """Fitted networks of one design: a row's score is the mean of theirs."""

    design: Design
    known: tuple[Ints, ...]  # of each column of codes: int32 [values], the number of the embedding, 0 for the unknown
    weights: tuple[Weights, ...]

    def score(self, table: Rows) -> Floats:
        """The score of each row; float32 [p]."""
        parts = [np.empty(0, dtype=np.float32)]
        with torch.inference_mode():
            for begin in range(0, len(table.numbers), _ROWS):
                numbers = torch.from_numpy(table.numbers[begin : begin + _ROWS])
                codes = torch.from_numpy(embedded(table.codes[begin : begin + _ROWS], self.known))
                scores = [module(numbers, codes) for module in self.modules]
                parts.append(torch.stack(scores).mean(0).numpy())
        return np.concatenate(parts)

    @cached_property
    def modules(self) -> tuple[DeepAndCross, ...]:
        """Built when the first question comes."""
        return tuple(weights.into(DeepAndCross(self.design)) for weights in self.weights)


class Ranking(Task):
    """Learns to put what was wanted before the rest of its list."""

    def __init__(
        self, lists: ListsOfRows, codes: Longs, module: DeepAndCross, settings: Trained, teaching: Teaching
    ) -> None:
        self.module, self.settings, self.teaching = module, settings, teaching
        self.starts, self.wanted = lists.starts, lists.wanted
        self.numbers, self.codes = lists.table.numbers, codes
        n = len(lists.starts) - 1
        every = max(2, round(1 / settings.validation)) if settings.patience else n + 1
        self.checked = np.flatnonzero(np.arange(n) % every == every - 1)
        self.taught = np.setdiff1d(np.arange(n), self.checked)

    def steps(self, random: np.random.Generator) -> Iterable[Longs]:
        order = random.permutation(self.taught)
        return [order[begin : begin + self.settings.batch] for begin in range(0, len(order), self.settings.batch)]

    def loss(self, examples: Longs, random: np.random.Generator) -> tuple[Tensor, int]:
        lengths = (self.starts[1:] - self.starts[:-1])[examples]
        rows, owners = spans(self.starts[:-1][examples], lengths), np.repeat(np.arange(len(examples)), lengths)
        if self.teaching.negatives:
            kept = looked_at(owners, self.wanted[rows], self.teaching.negatives, random)
            rows, owners = rows[kept], owners[kept]
        scores, device = self._scores(rows), self.device
        wanted = torch.from_numpy(self.wanted[rows].astype(np.float32)).to(device)
        if self.teaching.loss == "pointwise":
            return functional.binary_cross_entropy_with_logits(scores, wanted, reduction="sum"), len(rows)
        owner, zeros = torch.from_numpy(owners).to(device), torch.zeros(len(examples), device=device)
        highest = (zeros - torch.inf).scatter_reduce(0, owner, scores.detach(), "amax")  # [lists]
        shifted = scores - highest[owner]
        sums = zeros.index_add(0, owner, shifted.exp())
        shares = wanted / zeros.index_add(0, owner, wanted)[owner]
        return (shares * (sums.log()[owner] - shifted)).sum(), len(examples)

    def judge(self) -> float:
        figures = []
        for begin in range(0, len(self.checked), self.settings.batch):
            examples = self.checked[begin : begin + self.settings.batch]
            lengths = (self.starts[1:] - self.starts[:-1])[examples]
            rows = spans(self.starts[:-1][examples], lengths)
            figures.append(_ndcg(self._scores(rows).cpu().numpy(), starts_of(lengths), self.wanted[rows]))
        return float(np.concatenate(figures).mean()) if figures else 0.0

    def _scores(self, rows: Longs) -> Tensor:
        numbers, codes = torch.from_numpy(self.numbers[rows]), torch.from_numpy(self.codes[rows])
        scores: Tensor = self.module(numbers.to(self.device), codes.to(self.device))
        return scores


def learn_cross_net(
    lists: ListsOfRows, knots: np.ndarray, design: Design, settings: Trained, teaching: Teaching, run: Run
) -> CrossNet:
    """The networks under which what was wanted stands highest. knots: [c, bins + 1], where the bins of a number end."""
    known = often_met(lists, design.sizes, teaching.least)
    codes = embedded(lists.table.codes, known)
    design = replace(design, sizes=tuple(int(numbers.max(initial=0)) + 1 for numbers in known))

    def made(own: Run) -> Ranking:
        with torch.random.fork_rng():
            torch.manual_seed(own.seed)
            module = DeepAndCross(design, teaching.dropout, teaching.unseen)
        module.bound(knots)
        return Ranking(lists, codes, module, settings, teaching)

    tasks = train_members(teaching.members, made, settings, run, "dcn")
    return CrossNet(design, known, tuple(Weights.of(task.module) for task in tasks))


def embedded(codes: Ints, known: tuple[Ints, ...]) -> Longs:
    """The number of the embedding of each value [p, g]; 0, the unknown, for values that were not learned."""
    columns = [np.zeros((len(codes), 0), dtype=np.int64)]
    for column, numbers in zip(codes.T, known, strict=True):
        columns.append(np.where(column < len(numbers), numbers[np.minimum(column, len(numbers) - 1)], 0)[:, np.newaxis])
    return np.concatenate(columns, axis=1, dtype=np.int64)


def often_met(lists: ListsOfRows, sizes: tuple[int, ...], least: int) -> tuple[Ints, ...]:
    """Numbers, from 1, for the values that at least so many wanted rows have; 0 for the others."""
    found = []
    for column, size in zip(lists.table.codes.T, sizes, strict=True):
        often = np.bincount(column[lists.wanted], minlength=size) >= least
        often[0] = False
        found.append(np.where(often, np.cumsum(often), 0).astype(np.int32))
    return tuple(found)


def _ndcg(scores: Floats, starts: Longs, wanted: Bools) -> np.ndarray:
    """NDCG@10 of each list; equal scores stand in the order of the rows."""
    lengths = np.diff(starts)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    order = np.lexsort((-scores, rows))
    places = np.arange(len(order)) - starts[rows]
    gains = np.where(wanted[order] & (places < K), 1 / np.log2(2.0 + places), 0.0)
    best = np.cumsum(1 / np.log2(2.0 + np.arange(K)))
    found = np.bincount(rows, wanted, len(lengths)).astype(np.int64)
    figures: np.ndarray = np.bincount(rows, gains, len(lengths)) / best[np.clip(found, 1, K) - 1]
    return figures
