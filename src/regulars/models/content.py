"""Content: items that are like those that the customer chose, by what is known of them."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from regulars.core import QUIET, Dataset, Progress, Run, Settings, setting
from regulars.core.errors import SettingError
from regulars.features import KINDS, Columns

from .described import described
from .kinds.item_attributes import LIKENESSES, ItemAttributes
from .kinds.profile import RULES, Profile

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Doubles = np.ndarray[Any, np.dtype[np.float64]]
_TINY: Final = float(np.finfo(np.float64).tiny)
MEANINGS: Final = tuple(kind for kind in KINDS if kind not in ("value", "skip"))


@dataclass(frozen=True)
class Content(Settings):
    """What a customer likes is the mean of what they chose: categories, lists, bins of numbers and days, words.

    Each column of the table of items becomes a vector of length 1 for each item (in it, rare values of a list and rare
    words count more), times the square root of information ** rarity * values ** breadth * weight. The information of a
    value is log(items / items with it), of several values or words their mean: two items that share a brand of few
    items are more alike than two that share a color of many. With breadth = 0 a long text weighs no more than one word.
    similarity: "cosine" of those vectors; "linear", their product, which prefers items that much is known of;
    "euclidean", 1 / (1 + distance). min_count: items that a value or word needs; bins: of numbers and days.
    columns: those of the table that are used, all when empty; kinds: what each of them means ("category", "list",
    "number", "date", "text"), told by its look when empty; weights: of each of them, 1 when empty.
    rule, half_life_days: see `Profile`. Items without events are scored like all others; items without attributes NaN.
    Raises MissingColumn when the dataset has no attributes of items, or lacks one that is named.
    """

    similarity: str = setting("cosine", choices=LIKENESSES)
    rarity: float = setting(2.0, low=0.0, high=4.0)
    breadth: float = setting(0.5, low=0.0, high=1.0)
    min_count: int = setting(2, low=1, high=1_000, log=True)
    bins: int = setting(8, low=2, high=100, log=True)
    rule: str = setting("log", choices=RULES)
    half_life_days: float = setting(math.inf, low=0.1, log=True)
    columns: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("kinds", "weights"):
            n = len(getattr(self, name))
            if n not in (0, len(self.columns)):
                raise SettingError(
                    f"Content: {name} has {n} entries; columns has {len(self.columns)}. Give one for each"
                )
        if set(self.kinds) - set(MEANINGS):
            raise SettingError(f"Content: kinds are {', '.join(MEANINGS)}; given were {list(self.kinds)}")
        if any(weight < 0 for weight in self.weights):
            raise SettingError(f"Content: weights are 0 or more; given were {list(self.weights)}")

    def fit(self, data: Dataset, run: Run = QUIET) -> ItemAttributes:
        frame = described(data, self.columns, "content")
        kinds = dict(zip(self.columns, self.kinds, strict=False))
        columns = Columns.learn(frame, kinds=kinds, min_count=self.min_count, bins=self.bins)
        run.on_epoch(Progress("content", 1, 3))
        matrix = columns.matrix(frame)
        run.on_epoch(Progress("content", 2, 3))
        self._weigh(matrix, columns)
        parts = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32, copy=False), matrix.data
        run.on_epoch(Progress("content", 3, 3))
        profile = Profile(self.rule, self.half_life_days)
        return ItemAttributes("content", data.n_items, columns, *parts, profile, self.similarity)

    def _weigh(self, matrix: "csr_array", columns: Columns) -> None:
        """Turns the features of the items into their weights, in place; what says nothing is taken out."""
        n, parts = matrix.shape[0], max(1, len(columns.parts))
        rows = np.repeat(np.arange(n), np.diff(matrix.indptr))
        blocks = rows * parts + columns.groups[matrix.indices]  # one for each item and column
        information = _information(matrix, columns)[matrix.indices]
        squares = (matrix.data * information) ** 2
        shares = squares / np.maximum(np.bincount(blocks, squares), _TINY)[blocks]
        told = np.bincount(blocks, shares * information) ** self.rarity * np.bincount(blocks) ** self.breadth
        given = dict(zip(self.columns, self.weights, strict=False))
        weights = np.array([given.get(part.column, 1.0) for part in columns.parts])
        squares = shares * told[blocks] * weights[columns.groups[matrix.indices]]
        if self.similarity == "cosine":
            squares /= np.maximum(np.bincount(rows, squares), _TINY)[rows]
        matrix.data[:] = np.sqrt(squares)
        matrix.eliminate_zeros()


def _information(matrix: "csr_array", columns: Columns) -> Doubles:
    """log(items with a value in the feature's column / items that have the feature); float64 [n_features]."""
    with_feature = np.bincount(matrix.indices, minlength=len(columns))
    with_column = np.zeros(len(columns.parts))
    for place in range(len(columns.parts)):
        own = (columns.groups == place)[matrix.indices]
        starts = np.concatenate([[0], np.cumsum(own)])[matrix.indptr]
        with_column[place] = (np.diff(starts) > 0).sum()
    return np.log(np.maximum(with_column[columns.groups], 1) / np.maximum(with_feature, 1))
