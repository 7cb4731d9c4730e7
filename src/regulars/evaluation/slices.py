"""Slices: the same lists judged for a part of what was wanted, to see for which items and customers a method works."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from regulars.core import Codes, Longs

from .facts import ItemFacts
from .split import Split

HEAD, MIDDLE = 0.80, 0.95  # shares of the training events
ITEM_STEPS = (1, 4, 11, 31, 101, 301)
CUSTOMER_STEPS = (1, 4, 11, 31, 101)


@dataclass(frozen=True)
class Slices:
    """A partition of the wanted items; names: of the parts; codes: int8 [n_wanted], the part of each."""

    names: tuple[str, ...]
    codes: Codes


Slicing = Callable[[Split, ItemFacts], Slices]


def by_traffic(split: Split, facts: ItemFacts) -> Slices:
    """Head, middle and tail by share of the training events.

    An item is of the head when the items with more events than it make up less than 80 % of all events, of the middle
    when they make up less than 95 %, else of the tail, as are items without events. So items with equally many events
    are of one part.
    """
    events = _events(split, facts)
    falling = np.sort(facts.events)[::-1]
    sums = np.concatenate([[0], np.cumsum(falling)])
    ahead = sums[np.searchsorted(-falling, -events, side="left")] / max(1, int(sums[-1]))
    codes = np.searchsorted((HEAD, MIDDLE), np.where(events > 0, ahead, 1.0), side="right")
    return Slices(("head", "middle", "tail"), codes.astype(np.int8))


def by_interactions(split: Split, facts: ItemFacts) -> Slices:
    """By the number of training events of the item."""
    return interaction_parts(_events(split, facts))


def interaction_parts(events: Longs) -> Slices:
    """The part of each item by its number of events: 0, 1-3, 4-10, ..., >300."""
    return Slices(_names(ITEM_STEPS), _step(events, ITEM_STEPS))


def by_age(split: Split, facts: ItemFacts) -> Slices:
    """New items, without a training event, which no method can know from behavior, and the known ones."""
    return Slices(("known", "new"), (_events(split, facts) == 0).astype(np.int8))


def by_activity(split: Split, facts: ItemFacts) -> Slices:
    """By the number of events in the history of the customer who is asked."""
    codes = _step(split.queries.history.lengths, CUSTOMER_STEPS)
    return Slices(_names(CUSTOMER_STEPS), codes[split.wanted.rows])


def by_repeat(split: Split, facts: ItemFacts) -> Slices:
    """Repeat: the customer's history holds the item already; explore: it does not."""
    return Slices(("explore", "repeat"), split.repeated.astype(np.int8))


def _events(split: Split, facts: ItemFacts) -> Longs:
    """Training events of each wanted item, 0 for an item beyond the catalog."""
    items = split.wanted.items
    known = items < facts.n_items
    return np.where(known, facts.events[np.where(known, items, 0)], 0)


def _step(counts: Longs, steps: tuple[int, ...]) -> Codes:
    return np.searchsorted(steps, counts, side="right").astype(np.int8)


def _names(steps: tuple[int, ...]) -> tuple[str, ...]:
    """The names of the ranges between steps: 0, 1-3, 4-10, ..., >100."""
    inner = [str(a) if a == b - 1 else f"{a}-{b - 1}" for a, b in zip((0, *steps[:-1]), steps, strict=True)]
    return (*inner, f">{steps[-1] - 1}")


SLICINGS: Final[Mapping[str, Slicing]] = MappingProxyType(
    {
        "traffic": by_traffic,
        "interactions": by_interactions,
        "age": by_age,
        "activity": by_activity,
        "repeat": by_repeat,
    }
)
