"""Evidence: what is known of a customer and an item at the moment of asking, as a row of numbers for each pair."""

from dataclasses import dataclass

import numpy as np

from regulars.core import Dataset, Floats, Queries, floats

from .clues import Clue
from .pairs import HABITS, Pairs, known_of
from .table import UNKNOWN, Table

STEPS = 33  # of a yardstick
FACTS = ("customers", "again", *HABITS)


@dataclass(frozen=True)
class Yardstick:
    """Turns the scores of one model into surprises: -log of the share of candidates that score higher.

    scores, surprises: float32 [steps], rising; in between by straight lines, beyond the ends as at the ends. What any
    score is worth is fixed when a blend is fitted, so it depends on nothing else in a call.
    """

    scores: Floats
    surprises: Floats

    @classmethod
    def of(cls, scores: Floats) -> "Yardstick":
        """Of the scores of many candidates; NaN is left out."""
        known = np.sort(scores[~np.isnan(scores)])
        if not len(known):
            return cls(floats([0]), floats([0]))
        surprises = np.linspace(0, np.log(len(known)), STEPS)
        places = np.rint((1 - np.exp(-surprises)) * len(known)).astype(np.int64)
        steps, which = np.unique(known[np.minimum(places, len(known) - 1)], return_inverse=True)
        sums, counts = np.bincount(which, surprises), np.bincount(which)
        return cls(floats(steps), floats(sums / counts))

    def __call__(self, scores: Floats) -> Floats:
        """The surprise of each score, UNKNOWN for NaN."""
        told = np.interp(scores, self.scores, self.surprises)
        return floats(np.where(np.isnan(scores), UNKNOWN, told))


@dataclass(frozen=True)
class ItemLore:
    """What training knew of each item: the share of customers who had it, and of those the share who came back for it.

    customers, again: float32 [n_items], as -log of the share, so that 0 is "all" and more is rarer.
    """

    customers: Floats
    again: Floats

    @classmethod
    def of(cls, data: Dataset) -> "ItemLore":
        kept = data.where(data.weight > 0)
        keys, counts = np.unique(kept.user.astype(np.int64) * data.n_items + kept.item, return_counts=True)
        items = keys % data.n_items
        customers = np.bincount(items, minlength=data.n_items)
        again = np.bincount(items[counts > 1], minlength=data.n_items)
        everybody, usual = len(np.unique(kept.user)), (again.sum() + 1) / (customers.sum() + 1)
        share = (again + usual * 5) / (customers + 5)  # five customers of the usual kind, so that one does not decide
        return cls(floats(np.log((everybody + 1) / (customers + 1))), floats(-np.log(share)))


@dataclass(frozen=True)
class Evidence:
    """Turns pairs into the table that rankers read, the same way when they learn and when they answer.

    The columns of numbers are the surprise by each source, log(1 + place) by each source, the FACTS, then those of the
    clues; the codes are those of the clues. One yardstick for each source.
    """

    yardsticks: tuple[Yardstick, ...]
    lore: ItemLore
    clues: tuple[Clue, ...] = ()

    def table(self, queries: Queries, pairs: Pairs) -> Table:
        """What is known of each of the queries' pairs. Raises BadTable for an attribute that is NaN or infinite."""
        surprises = [stick(pairs.scores[:, source]) for source, stick in enumerate(self.yardsticks)]
        lore = self.lore.customers[pairs.items], self.lore.again[pairs.items]
        first = Table.of_numbers(*surprises, np.log1p(pairs.places), *lore, pairs.habits)
        history = known_of(queries, len(self.lore.customers))
        return Table.beside([first, *(clue.table(queries, history, pairs) for clue in self.clues)])

    def names(self, sources: tuple[str, ...]) -> tuple[str, ...]:
        """What the numbers are called."""
        own = (*(f"score of {name}" for name in sources), *(f"place by {name}" for name in sources), *FACTS)
        return (*own, *(name for clue in self.clues for name in clue.names))

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many categories each column of codes can hold, the unknown included."""
        return tuple(size for clue in self.clues for size in clue.sizes)
