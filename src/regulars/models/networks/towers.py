"""Two towers: a network that makes a vector of an item, and one that makes a vector of a question."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple, cast, final

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding_bag, normalize

from regulars.core import MISSING
from regulars.features import Inputs

from .frequencies import Frequencies
from .inputs import Fed, InputEmbedding

ACTIVATIONS: Final[dict[str, type[nn.Module]]] = {"relu": nn.ReLU, "gelu": nn.GELU, "tanh": nn.Tanh}
OWN: Final = 0.1  # expected length of an item's own vector before the first step
SPREAD: Final = 0.1  # of the last layer of a tower, beside torch's own start
CLOCK: Final = (24, 7)  # hours and weekdays


@final
@dataclass(frozen=True)
class TowerShape:
    """What the towers are built of and how they read; part of a saved model.

    layers: hidden ones of the query tower and of the item tower, 0 is linear; `hidden` wide. shared: a history is read
    by the vectors of its items, else by vectors of its own. cosine: vectors of length one. clock: hour and weekday of
    the question are read. mean, unit: of ratings, which a history then says by their deviation, 0 and 0 if there are
    none; rated: the kind of event that rates, MISSING if all do. items, customers, context: how their tables are read.
    """

    n_items: int
    n_kinds: int
    factors: int
    embedding: int
    hidden: int
    layers: tuple[int, int]
    activation: str
    shared: bool
    cosine: bool
    temperature: float
    half_life_days: float
    newest: int
    longest: int
    clock: bool
    utc_offset_hours: float
    own_bias: bool
    mean: float = 0.0
    unit: float = 0.0
    rated: int = MISSING
    items: Inputs = field(default_factory=Inputs)
    customers: Inputs = field(default_factory=Inputs)
    context: Inputs = field(default_factory=Inputs)


class Asked(NamedTuple):
    """n questions as the query tower takes them; one row after another, m events in all.

    items: int64 [m], rows of a table of vectors; starts: int64 [n]; rows: int64 [m]; kinds: int64 [m]; fading: float32
    [m], 1 for what happened now; values: float32 [m], 1 or what a rating deviates by; newest: float32 [m], the share of
    each of the newest events, 0 for older ones; counts: float32 [n, 2], log(1 + events) and whether there are any.
    """

    items: Tensor
    starts: Tensor
    rows: Tensor
    kinds: Tensor
    fading: Tensor
    values: Tensor
    newest: Tensor
    counts: Tensor
    customers: Fed
    context: Fed
    clock: Tensor  # int64 [n, 2]


class Towers(nn.Module):
    """Both towers. The score of a question and an item is the inner product of their vectors.

    An item is [vector / temperature, bias, 1], a question [vector, 1, bias].
    learning: with a vector for each item, of which a fitted model needs only the outcome. frequencies: by which logits
    are corrected for how often items are drawn.
    """

    def __init__(self, shape: TowerShape, *, learning: bool = False, frequencies: Frequencies | None = None) -> None:
        super().__init__()
        d, size = shape.factors, shape.embedding
        self.shape, self.frequencies = shape, frequencies
        self.ids = _table(shape.n_items, d + 1, OWN * d**-0.5) if learning else None
        self.attributes = InputEmbedding(shape.items, size)
        read = self.attributes.width
        self.item_tower = _tower(read, shape, shape.layers[1], d + 1) if read else None
        self.history = None if shape.shared else _table(shape.n_items, d, OWN * d**-0.5)
        self.kinds = nn.Parameter(torch.zeros(shape.n_kinds))
        self.shares = nn.Parameter(torch.tensor([1.0, 0.0]))  # of the whole history and of its newest events
        self.customers = InputEmbedding(shape.customers, size)
        self.context = InputEmbedding(shape.context, size)
        self.clock = nn.ModuleList(_table(n, size, 0.0) for n in CLOCK) if shape.clock else None
        width = 2 * d + 2 + self.customers.width + self.context.width + (2 * size if shape.clock else 0)
        self.query_tower = _tower(width, shape, shape.layers[0], d + 1)

    def described(self, fed: Fed) -> Tensor:
        """What items are by their attributes: vectors and biases, before their ids are added; [m, d + 1]."""
        if self.item_tower is None:
            return torch.zeros(len(fed.dense), self.shape.factors + 1, device=fed.dense.device)
        if len(self.item_tower) == 1:
            return self.attributes.through(cast(nn.Linear, self.item_tower[0]), fed)
        made: Tensor = self.item_tower(self.attributes(fed))
        return made

    def own(self, ids: Tensor, met: Tensor) -> Tensor:
        """What items are beside their attributes, 0 unless `met` (float [m]) is 1; [m, d + 1]."""
        assert self.ids is not None
        vectors: Tensor = self.ids(ids)
        return vectors * met.unsqueeze(1)

    def items(self, made: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors [m, d] and biases [m] of items, of what their attributes and ids make together, [m, d + 1]."""
        return normalize(made[:, :-1]) if self.shape.cosine else made[:, :-1], made[:, -1]

    def queries(self, asked: Asked, table: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors [n, d] and biases [n] of questions; table: [k, d], the vectors that `asked.items` are rows of."""
        weights = asked.fading * self.kinds.exp()[asked.kinds]  # [m]
        sums = torch.zeros(len(asked.starts), device=weights.device).index_add(0, asked.rows, weights)
        shares = weights / sums.clamp(min=1e-12)[asked.rows] * asked.values
        whole = embedding_bag(asked.items, table, asked.starts, mode="sum", per_sample_weights=shares)  # [n, d]
        newest = embedding_bag(asked.items, table, asked.starts, mode="sum", per_sample_weights=asked.newest)
        parts = [whole, newest, asked.counts, self.customers(asked.customers), self.context(asked.context)]
        if self.clock is not None:
            parts += [read(asked.clock[:, place]) for place, read in enumerate(self.clock)]
        made: Tensor = self.query_tower(torch.cat(parts, 1))  # [n, d + 1]
        vectors = made[:, :-1] + self.shares[0] * whole + self.shares[1] * newest
        bias = made[:, -1] if self.shape.own_bias else torch.zeros_like(made[:, -1])
        return normalize(vectors) if self.shape.cosine else vectors, bias


def _table(n: int, width: int, spread: float) -> nn.Embedding:
    table = nn.Embedding(n, width)
    with torch.no_grad():
        table.weight.normal_(std=spread) if spread else table.weight.zero_()
    return table


def _tower(width: int, shape: TowerShape, layers: int, out: int) -> nn.Sequential:
    """So many hidden layers, and a linear one."""
    parts: list[nn.Module] = []
    for _ in range(layers):
        parts += [nn.Linear(width, shape.hidden), ACTIVATIONS[shape.activation]()]
        width = shape.hidden
    last = nn.Linear(width, out)
    with torch.no_grad():  # at first the towers add little to what items say of each other
        last.weight *= SPREAD
        last.bias.zero_()
    return nn.Sequential(*parts, last)
