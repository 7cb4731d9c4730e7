"""Bridge: an encoder that goes on reading histories as before, while items are placed by behavior and content."""

from dataclasses import dataclass, replace
from typing import final

import numpy as np

from regulars.core import Bools, Floats, Frame, Ints, Queries, floats

from .content_map import ContentMap
from .factors import Encoder, Parts
from .gate import SMALL, Decision


@final
@dataclass(frozen=True)
class Bridge(Encoder):
    """The encoder of a model whose items also have vectors by their content.

    An item that n customers met has the vector g own + (1 - g) content, with the g of `decision`, and SMALL times a
    bias for what it has by content; queries end with 1 / SMALL. read: float32 [n_items, d], the vectors by which
    histories are read: an item's own, that by its content where it has none. met: bool [n_items], who has one.
    """

    encoder: Encoder
    read: Floats
    met: Bools
    content: ContentMap
    decision: Decision

    def encode(self, queries: Queries, item_vectors: Floats) -> Floats:
        found = self.encoder.encode(queries, self.read)
        return with_column(found, np.float32(1 / SMALL))

    def contributions(self, queries: Queries, item_vectors: Floats, answers: Ints) -> Parts:
        """What each item of a history adds beyond the bias of the answer."""
        n = len(self.read)
        wanted, places = np.unique(np.maximum(answers, 0), return_inverse=True)
        table = np.concatenate([self.read, item_vectors[wanted, :-1]])  # histories look at the first n, answers behind
        asked = np.where(answers >= 0, places.reshape(answers.shape) + n, answers).astype(np.int32)
        history = queries.history.where((queries.history.items >= 0) & (queries.history.items < n))
        return self.encoder.contributions(replace(queries, history=history), table, asked)

    def placed(self, features: Frame) -> tuple["Bridge", Floats]:
        """The encoder that reads new items, too, and their vectors; float32 [n, d + 1], NaN where nothing is known."""
        made = self.content.vectors(features)
        vectors = self.decision.vectors(np.full_like(made, np.nan), made, np.zeros(len(made), dtype=np.int64))
        met = np.concatenate([self.met, np.zeros(len(made), dtype=np.bool_)])
        return replace(self, read=np.concatenate([self.read, vectors[:, :-1]]), met=met), vectors

    def own(self) -> Floats:
        """The item vectors of the plain model; float32 [n_items, d]."""
        return floats(np.where(self.met[:, np.newaxis], self.read, np.nan))


def with_column(vectors: Floats, value: np.float32 | Floats) -> Floats:
    """The vectors with one more entry, NaN where they are."""
    wider = np.empty((len(vectors), vectors.shape[1] + 1), dtype=np.float32)
    wider[:, :-1], wider[:, -1] = vectors, value
    wider[np.isnan(wider[:, 0])] = np.nan
    return wider
