"""NeuMF: the network of neural collaborative filtering, and how it answers."""

from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Final, final

import numpy as np
import torch
from torch import Tensor, nn

from regulars.core import MISSING, Floats, Ints, Longs, Queries

from ..kinds.factors import Parts
from ..kinds.pairs import PairScorer
from ..kinds.profile import Profile
from .autoencoders import linear
from .bag_encoder import known
from .bags import Bags, bags
from .occlusion import left_out
from .weights import Weights

SPREAD: Final = 0.05  # of the vectors at first
PARTS: Final = 1 << 22  # entries of a layer held at a time when answering: 16 MB


class NeuMF(nn.Module):
    """GMF and MLP over what a history says and what an item is (He et al., WWW 2017, figure 3).

    contexts, items: a row for each item, the first `factors` entries for GMF, the others for MLP. Of MLP's first layer,
    which is linear before its ReLU, the part of the query and that of the item are made apart and added for a pair.
    """

    def __init__(self, n_items: int, factors: int, hidden: int, layers: int) -> None:
        super().__init__()
        self.factors = factors
        self.contexts = nn.Parameter(torch.randn(n_items, factors + hidden) * SPREAD)
        self.items = nn.Parameter(torch.randn(n_items, factors + hidden) * SPREAD)
        self.of_query = linear(hidden, hidden)
        self.of_item = nn.Linear(hidden, hidden, bias=False)
        widths = [max(1, hidden >> place) for place in range(layers)]
        self.layers = nn.ModuleList(linear(wide, narrow) for wide, narrow in pairwise(widths))
        self.last = linear(factors + widths[-1], 1)

    def summed(self, history: Bags) -> Tensor:
        """The weighted sum of what the items of each history say; [batch, factors + hidden]."""
        return nn.functional.embedding_bag(
            history.items, self.contexts, history.starts[:-1], mode="sum", per_sample_weights=history.amounts
        )

    def asking(self, said: Tensor) -> tuple[Tensor, Tensor]:
        """Of what histories say [n, factors + hidden]: the vector for GMF, weighed; the first layer of MLP."""
        weighed = said[:, : self.factors] * self.last.weight[0, : self.factors]  # [n, factors]
        return weighed, self.of_query(said[:, self.factors :])  # [n, hidden]

    def asked_for(self, items: Tensor) -> tuple[Tensor, Tensor]:
        """Of items by their index: the vector for GMF; the first layer of MLP."""
        vectors = nn.functional.embedding(items, self.items)  # [..., factors + hidden]
        return vectors[..., : self.factors], self.of_item(vectors[..., self.factors :])  # [..., hidden]

    def judged(self, first: Tensor) -> Tensor:
        """MLP's part of the score, from its first layer [..., hidden]."""
        read = nn.functional.relu(first)
        for layer in self.layers:
            read = nn.functional.relu(layer(read))  # [..., narrower]
        return read @ self.last.weight[0, self.factors :] + self.last.bias  # [...]


@final
@dataclass(frozen=True)
class NeuMFScorer(PairScorer):
    """A trained NeuMF. widths: factors, hidden, layers; power: of the total weight of a history, which divides it.

    places: int32 [n_items], where the network has each item, MISSING for those that it never met: they say nothing and
    score NaN.
    """

    widths: tuple[int, ...]
    power: float
    places: Ints
    weights: Weights
    profile: Profile = field(default_factory=Profile)

    def score(self, queries: Queries, items: Ints) -> Floats:
        starts, met, amounts = known(self.profile, queries, self.places)
        told, places = np.diff(starts) > 0, np.broadcast_to(self.places[items], (len(queries), items.shape[1]))
        scores = np.full(places.shape, np.nan, dtype=np.float32)
        if not told.any() or not items.size:
            return scores
        rows = bags((starts[np.append(told, True)], met, amounts), torch.device("cpu"))
        with torch.inference_mode():
            asked = torch.from_numpy(np.maximum(self.places[items], 0).astype(np.int64))
            scores[told] = self._scores(rows, asked if len(items) == 1 else asked[torch.from_numpy(told)]).numpy()
        scores[places == MISSING] = np.nan
        return scores

    def contributions(self, queries: Queries, answers: Ints) -> Parts:
        wanted = np.maximum(answers, 0)

        def score(some: Queries, rows: Longs) -> Floats:
            return self.score(some, wanted[rows])

        return left_out(score, queries, answers)

    def _scores(self, history: Bags, items: Tensor) -> Tensor:
        """Scores of items [n, k] or [1, k]; float32 [n, k]."""
        network = self._network
        weighed, queries = network.asking(network.summed(history) * spread(history, self.power))
        size = max(1, PARTS // max(1, items.shape[1] * queries.shape[1]))
        alike = network.asked_for(items[0]) if len(items) == 1 else None
        parts = []
        for start in range(0, len(queries), size):
            rows = slice(start, start + size)
            vectors, first = alike or network.asked_for(items[rows])  # [m, factors], [m, hidden], or [rows, m, ...]
            product = weighed[rows] @ vectors.T if alike else torch.einsum("nf,nmf->nm", weighed[rows], vectors)
            parts.append(product + network.judged(queries[rows, None] + first))  # [rows, m]
        return torch.cat(parts)

    @cached_property
    def _network(self) -> NeuMF:
        factors, hidden, layers = self.widths
        return self.weights.into(NeuMF(int((self.places != MISSING).sum()), factors, hidden, layers))


def spread(history: Bags, power: float) -> Tensor:
    """What multiplies the sum over a history: its total weight to the power -`power`; [batch, 1]."""
    return history.masses().clamp_min(1e-12).pow(-power)[:, None]
