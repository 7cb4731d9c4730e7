"""The hidden truth of a simulated shop: who likes what, and how much each item is wanted at all."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from regulars.core import Floats, Ints

SLOTS = 64  # a customer's taste is a mixture in steps of 1/64, so that drawing from it reads one byte

Doubles = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Tastes:
    """Latent tastes of customers and items, and the popularity of items.

    Each event is drawn as in a topic model (Blei, Ng, Jordan, JMLR 2003, section 3): first a taste of the customer,
    then an item by its popularity among those of that taste. So P(item | customer) = popularity * sum over tastes of
    customer * item / share, and over all customers an item is drawn in proportion to its popularity.

    popularity: float64 [n_items], sums to 1; items: float32 [n_items, d], rows sum to 1;
    slots: uint8 [n_users, 64], the tastes of each customer, each as often as it counts.
    """

    popularity: Doubles
    items: Floats
    slots: Bytes

    @property
    def d(self) -> int:
        return int(self.items.shape[1])

    @property
    def customers(self) -> Floats:
        """The share of each taste in each customer; float32 [n_users, d]."""
        n = len(self.slots)
        cells = np.arange(n)[:, None] * self.d + self.slots
        counts = np.bincount(cells.ravel(), minlength=n * self.d)
        return (counts.reshape(n, self.d) / SLOTS).astype(np.float32)

    @property
    def shares(self) -> Doubles:
        """The part of all demand that falls on each taste; float64 [d]."""
        return self.popularity @ self.items.astype(np.float64)

    def chances(self, users: Ints, boost: Doubles | None = None) -> Doubles:
        """P(item | customer) for each of `users`; float64 [n, n_items]. boost: season or availability, [n_items]."""
        wanted = self.popularity if boost is None else self.popularity * boost
        weights = wanted[:, None] * self.items
        chances: Doubles = self.customers[users].astype(np.float64) @ (weights / weights.sum(axis=0)).T
        return chances


@dataclass(frozen=True)
class Shelves:
    """The items as drawn from: for each taste the running sum of popularity; float64 [d, n_items]."""

    running: Doubles

    @classmethod
    def of(cls, tastes: Tastes, boost: Doubles | None = None) -> "Shelves":
        """The shelves on a day when each item is wanted `boost` [n_items] times as much as usual."""
        wanted = tastes.popularity if boost is None else tastes.popularity * boost
        running = np.cumsum(np.ascontiguousarray((wanted[:, None] * tastes.items).T, dtype=np.float64), axis=1)
        return cls(running / running[:, -1:])

    def draw(self, taste: Bytes, random: np.random.Generator) -> Ints:
        """One item for each entry of `taste`; int32 of its length."""
        luck = random.random(len(taste))
        items = np.empty(len(taste), dtype=np.int32)
        for t, rows in groups(taste, len(self.running)):
            items[rows] = np.searchsorted(self.running[t], luck[rows], side="right")
        np.minimum(items, self.running.shape[1] - 1, out=items)
        return items


def groups(codes: npt.NDArray[np.integer], n: int) -> Iterator[tuple[int, npt.NDArray[np.int64]]]:
    """The positions of each code 0 .. n - 1 that occurs."""
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=n))
    for code in range(n):
        rows = order[ends[code - 1] if code else 0 : ends[code]]
        if len(rows):
            yield code, rows


def power_law(n: int, exponent: float, random: np.random.Generator) -> Doubles:
    """Weights that fall with the rank as rank ** -exponent, in a random order; sum to 1; float64 [n]."""
    weights = np.arange(1, n + 1, dtype=np.float64) ** -exponent
    return random.permutation(weights / weights.sum())


def item_tastes(n: int, d: int, focus: float, random: np.random.Generator) -> Floats:
    """Tastes of n items; the larger `focus`, the fewer tastes an item serves; float32 [n, d]."""
    return random.dirichlet(np.full(d, 1 / focus), n).astype(np.float32)


def customer_slots(n: int, shares: Doubles, focus: float, random: np.random.Generator) -> Bytes:
    """Tastes of n customers, on average as `shares` [d]; the larger `focus`, the narrower each; uint8 [n, 64]."""
    mixtures = np.cumsum(random.dirichlet(shares * len(shares) / focus, n).astype(np.float32), axis=1)
    slots = np.empty((n, SLOTS), dtype=np.uint8)
    for start in range(0, n, 16_384):
        part = mixtures[start : start + 16_384]
        luck = random.random((len(part), SLOTS), dtype=np.float32)
        slots[start : start + len(part)] = sum(
            (luck > part[:, t, None]).view(np.uint8) for t in range(part.shape[1] - 1)
        )
    return slots
