"""Bag encoder: a network that reads a history as a bag of items and answers with a vector."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import final

import numpy as np
import torch
from torch import nn

from regulars.core import MISSING, Floats, Ints, Queries, floats
from regulars.kernels.profiles import Sparse

from ..kinds.factors import Encoder, Parts
from ..kinds.profile import Profile, parts_of
from .autoencoders import BODIES
from .bags import bags
from .occlusion import occluded
from .weights import Weights

BATCH = 1024  # histories encoded at a time


@final
@dataclass(frozen=True)
class BagEncoder(Encoder):
    """The body of an autoencoder; the last entry of its vectors is 1, for the bias of the items.

    network: its name in BODIES; widths: what it is made with beside the number of items. places: int32 [n_items], where
    the network has each item, MISSING for those that it never met: they say nothing.
    """

    network: str
    widths: tuple[int, ...]
    places: Ints
    weights: Weights
    profile: Profile = field(default_factory=Profile)

    def encode(self, queries: Queries, item_vectors: Floats) -> Floats:
        vectors = np.full((len(queries), item_vectors.shape[1]), np.nan, dtype=np.float32)
        for start in range(0, len(queries), BATCH):
            rows = slice(start, start + BATCH)
            starts, items, amounts = known(self.profile, queries[rows], self.places)
            told = np.diff(starts) > 0
            with torch.inference_mode():
                spoken = self._body(bags((starts[np.append(told, True)], items, amounts), torch.device("cpu")))
            vectors[rows][told, :-1] = spoken.numpy()
            vectors[rows][told, -1] = 1
        return vectors

    def contributions(self, queries: Queries, item_vectors: Floats, answers: Ints) -> Parts:
        return occluded(self.encode, queries, item_vectors, answers)

    @cached_property
    def _body(self) -> nn.Module:
        body: nn.Module = BODIES[self.network](int((self.places != MISSING).sum()), *self.widths)
        return self.weights.into(body)


def known(profile: Profile, queries: Queries, places: Ints) -> Sparse:
    """What each history weighs, over the items that a network knows."""
    starts, items, amounts = parts_of(profile.of(queries, len(places)))
    inside = places[items]
    kept = np.concatenate([[0], np.cumsum(inside != MISSING)])
    return kept[starts], inside[inside != MISSING], floats(amounts[inside != MISSING])
