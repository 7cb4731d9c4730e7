"""Bridge: an encoder that reads histories by behavior and by content, while items are placed by both."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, final

import numpy as np

from regulars.core import Bools, Floats, Frame, Ints, Queries, appended, floats

from .content_map import ContentMap
from .content_space import ContentSpace
from .factors import Encoder, Parts
from .gate import Decision
from .profile import Profile

if TYPE_CHECKING:
    from scipy.sparse import csr_array

SMALL: Final = (
    2.0**-10
)  # scales what is no taste: cosines between items see tastes alone; a power of two rounds nothing


@final
@dataclass(frozen=True)
class Reader:
    """How histories are read: as the plain model does, and by what its items are like.

    read: float32 [n_items, d], the vectors that the plain encoder reads; likes: float32 [n_items, w], the coordinates
    of the items' content. A history is [x, |x| z, |x|]: x by the plain encoder, z the direction of the mean of its
    items; x alone where w is 0.
    """

    encoder: Encoder
    read: Floats
    likes: Floats
    profile: Profile = field(default_factory=lambda: Profile("log"))

    def __call__(self, queries: Queries) -> Floats:
        """float32 [n, d + w + 1], NaN rows where the plain encoder cannot tell."""
        plain = self.encoder.encode(queries, self.read)
        if not self.likes.shape[1]:
            return plain
        lengths = self.lengths(plain)
        return floats(np.concatenate([plain, lengths * self.directions(self.met(queries)), lengths], axis=1))

    @property
    def width(self) -> int:
        """Of what it gives."""
        d, w = self.read.shape[1], self.likes.shape[1]
        return int(d + w + 1 if w else d)

    def met(self, queries: Queries) -> "csr_array":
        """What each history weighs."""
        return self.profile.of(queries, len(self.likes))

    def sums(self, met: "csr_array") -> Floats:
        """The content of histories, float32 [n, w]."""
        return floats(met @ self.likes)

    def directions(self, met: "csr_array") -> Floats:
        """The same at length one, 0 where nothing is known; float32 [n, w]."""
        sums = self.sums(met)
        return floats(sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12))

    @staticmethod
    def lengths(plain: Floats) -> Floats:
        return floats(np.linalg.norm(plain, axis=1, keepdims=True))


@final
@dataclass(frozen=True)
class Bridge(Encoder):
    """The encoder of a model whose items also have vectors by their content.

    Items have the vectors of `decision`; what is compared with the content of histories is made SMALL in them, and
    large in queries.
    met: bool [n_items], which items have a vector of their own.
    """

    reader: Reader
    met: Bools
    content: ContentMap
    space: ContentSpace
    decision: Decision

    def encode(self, queries: Queries, item_vectors: Floats) -> Floats:
        found = self.reader(queries)
        found[:, self.width :] /= np.float32(SMALL)
        return found

    def contributions(self, queries: Queries, item_vectors: Floats, answers: Ints) -> Parts:
        """What each item of a history adds beyond what its content is worth to anybody."""
        n, d = len(self.reader.read), self.width
        wanted, places = np.unique(np.maximum(answers, 0), return_inverse=True)
        table = np.concatenate([self.reader.read, item_vectors[wanted, :d]])  # histories look at the first n
        asked = np.where(answers >= 0, places.reshape(answers.shape) + n, answers).astype(np.int32)
        history = queries.history
        queries = replace(queries, history=history.where((history.items >= 0) & (history.items < n)))
        starts, items, added = self.reader.encoder.contributions(queries, table, asked)
        return starts, items, added + self._alike(queries, (starts, items), item_vectors[:, d:-1], answers)

    def placed(self, features: Frame) -> tuple["Bridge", Floats]:
        """The encoder that reads new items, too, and their vectors; float32 [n, d + w + 1], NaN for the unknown."""
        made = self.content.vectors(features)
        nothing = np.full_like(made, np.nan), made, np.zeros(len(made), dtype=np.int64)
        vectors = self.decision.vectors(*nothing, np.zeros(len(made), dtype=np.float32))  # as fresh as can be
        met = appended(self.met, np.zeros(len(made), dtype=np.bool_))
        read = appended(self.reader.read, vectors[:, : self.width])
        likes = appended(self.reader.likes, self.space.vectors(features))
        return replace(self, reader=replace(self.reader, read=read, likes=likes), met=met), self.stored(vectors)

    def stored(self, vectors: Floats) -> Floats:
        """Vectors of items as the model holds them."""
        scaled = vectors.copy()
        scaled[:, self.width :] *= np.float32(SMALL)
        return scaled

    @property
    def width(self) -> int:
        """Of the vectors of the plain model."""
        return int(self.reader.read.shape[1])

    def own(self) -> Floats:
        """The item vectors of the plain model; float32 [n_items, d]."""
        return floats(np.where(self.met[:, np.newaxis], self.reader.read, np.nan))

    def _alike(self, queries: Queries, parts: tuple[np.ndarray, Ints], liked: Floats, answers: Ints) -> Floats:
        """What these items of histories add by what they are like; liked: float32 [n_items, w], as stored."""
        starts, items = parts
        added = np.zeros((len(items), answers.shape[1]), dtype=np.float32)
        if not liked.shape[1]:
            return added
        reader, met = self.reader, self.reader.met(queries)
        norms = np.linalg.norm(reader.sums(met), axis=1)
        shares = reader.lengths(reader.encoder.encode(queries, reader.read))[:, 0] / np.maximum(norms, 1e-12) / SMALL
        for row in range(len(queries)):
            own = slice(int(starts[row]), int(starts[row + 1]))
            weights = np.asarray(met[[row], :].toarray())[0, items[own]] if own.stop > own.start else 0
            alike = reader.likes[items[own]] @ np.nan_to_num(liked[np.maximum(answers[row], 0)]).T
            added[own] = np.nan_to_num(shares[row] * np.reshape(weights, (-1, 1)) * alike) * (answers[row] >= 0)
        return added
