"""Tower encoder: the query tower of a fitted model, and its item tower for items that are newer than the fit."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import final

import numpy as np
import torch

from regulars.core import MISSING, Bools, Floats, Frame, Histories, Ints, Queries, floats
from regulars.features import Encoded

from ..kinds.factors import Encoder, Parts
from .asking import asked
from .inputs import Fed
from .occlusion import occluded
from .towers import Towers, TowerShape
from .weights import Weights

BATCH = 1024  # questions or items encoded at a time


@final
@dataclass(frozen=True)
class TowerEncoder(Encoder):
    """Encodes what a customer did, who they are and when and where they ask.

    It cannot tell of whom nothing is known: no event of an item with a vector, no attribute and no context.
    """

    shape: TowerShape
    weights: Weights

    def encode(self, queries: Queries, item_vectors: Floats) -> Floats:
        parts = [encoded(self._towers, part, item_vectors) for part in queries.batches(BATCH)]
        return np.concatenate(parts) if parts else np.zeros((0, item_vectors.shape[1]), dtype=np.float32)

    def contributions(self, queries: Queries, item_vectors: Floats, answers: Ints) -> Parts:
        return occluded(self.encode, queries, item_vectors, answers)

    def placed(self, features: Frame) -> tuple["TowerEncoder", Floats]:
        """The vectors of new items by their attributes, one row each; a NaN row where none of them is known.

        features: with the columns that the model learned from, as far as they are known.
        Raises BadTable for a number that is NaN or infinite.
        """
        rows = self.shape.items.encode(features)
        return self, vectors_of(self._towers, rows, np.zeros(len(rows), dtype=np.bool_))

    @cached_property
    def _towers(self) -> Towers:
        return self.weights.into(Towers(self.shape))


def encoded(towers: Towers, queries: Queries, item_vectors: Floats) -> Floats:
    """The vectors of questions; float32 [n, d + 2], a NaN row where nothing is known."""
    shape = towers.shape
    n = len(queries)
    with torch.inference_mode():
        device = towers.kinds.device
        history = readable(shape, queries.history, ~np.isnan(item_vectors[:, 0])).last(shape.longest)
        customers = shape.customers.encode(queries.attributes, n)
        context = shape.context.encode(queries.context, n)
        told = (history.lengths > 0) | customers.told | context.told
        rows, places = np.unique(history.items, return_inverse=True)
        if towers.history is not None:
            table = towers.history.weight[torch.from_numpy(rows).to(device, torch.int64)]
        else:
            scale = np.float32(shape.temperature)
            table = torch.from_numpy(item_vectors[rows, : shape.factors] * scale).to(device)
        within = replace(history, items=places.astype(np.int32))
        question = asked(shape, within, queries.times, customers=customers, context=context, device=device)
        vectors, bias = towers.queries(question, table)
    found = np.ones((n, shape.factors + 2), dtype=np.float32)
    found[:, :-2], found[:, -1] = vectors.cpu().numpy(), bias.cpu().numpy()
    if shape.unit:
        found *= np.float32(shape.unit)
        found[:, -1] += shape.mean
    found[~told] = np.nan
    return found


def readable(shape: TowerShape, history: Histories, known: Bools) -> Histories:
    """The events that a history is read by: of items that are known, wanted (or rated, whatever the rating)."""
    inside = (history.items >= 0) & (history.items < (len(known) if shape.shared else shape.n_items))
    inside[inside] = known[history.items[inside]]
    inside &= history.kinds < shape.n_kinds
    if not shape.unit:
        inside &= history.weights > 0
    elif shape.rated != MISSING:
        inside &= history.kinds == shape.rated
    return history.where(inside)


def vectors_of(towers: Towers, rows: Encoded, met: Bools) -> Floats:
    """The vectors of items, of which `met` tells who have one of their own; float32 [m, d + 2], NaN for the unknown."""
    found = np.full((len(rows), towers.shape.factors + 2), np.nan, dtype=np.float32)
    device = towers.kinds.device
    with torch.inference_mode():
        for start in range(0, len(rows), BATCH):
            items = np.arange(start, min(start + BATCH, len(rows)))
            fed = Fed.of(rows[items], device)
            made = towers.described(fed)
            if towers.ids is not None:
                known = torch.from_numpy(floats(met[items])).to(device)
                made = made + towers.own(torch.from_numpy(items).to(device), known)
            vectors, bias = towers.items(made)
            found[items, :-2] = vectors.cpu().numpy() / np.float32(towers.shape.temperature)
            found[items, -2] = bias.cpu().numpy()
    found[:, -1] = 1
    found[~(met | rows.told)] = np.nan
    return found
