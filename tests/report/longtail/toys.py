"""Models whose every score is known, and a shop whose tail is."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from regulars.core import Dataset, Queries, floats
from regulars.evaluation import Split
from regulars.models.kinds.factors import Encoder, Factors


@dataclass(frozen=True)
class Alike(Encoder):
    """Every customer has the same vector, all ones: an item's score is the sum of its vector."""

    def encode(self, queries, item_vectors):
        return np.ones((len(queries), item_vectors.shape[1]), dtype=np.float32)

    def contributions(self, queries, item_vectors, answers):
        raise NotImplementedError


def model(vectors):
    """A model of hand-made vectors; None is an item without one."""
    width = max(len(one) for one in vectors if one is not None)
    rows = [[np.nan] * width if one is None else one for one in vectors]
    return Factors("toy", len(rows), floats(rows), Alike())


def log(counts, *, features=None):
    """Item i has counts[i] events, each of another customer."""
    items = np.repeat(np.arange(len(counts)), counts)
    events = pl.DataFrame({"user_id": np.arange(len(items)), "item_id": items, "time": 1_000 + np.arange(len(items))})
    known = pl.DataFrame({"item_id": np.arange(len(counts))})
    data = Dataset.of(events, items=known if features is None else known.hstack(features))
    order = data.items.index(known["item_id"])
    assert order.tolist() == list(range(len(counts))), "items with events come first, in their order"
    return data


def asked(data, wanted):
    """A split that asks as many customers as there are rows of `wanted`."""
    from regulars.core import Histories

    queries = Queries.of([[0]] * len(wanted))
    return Split("by hand", data, queries, Histories.of(wanted))
