"""Small shops whose right answers are known because they were planted. No two weights or moments are alike."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from regulars.core import DAY, Dataset, Histories, Ints, Queries, Vocabulary, ints

START = 1_700_000_000  # 14 November 2023
DAYS = 200  # that the log of a shop covers


@dataclass(frozen=True)
class Planted:
    """A shop, questions to ask after fitting on it, and for each question the one right item.

    within: a good method has it among so many; repeat: the item is in the history, else only new items may be answered.
    The last item of the catalog has never been met.
    """

    data: Dataset
    queries: Queries
    wanted: Ints
    within: int = 1
    repeat: bool = False


def communities(seed: int = 0) -> Planted:
    """Four communities of 10 items and 15 customers; each has 7 items of their own and one of others, 3 times at most.

    Wanted is an item of the own community that was withheld: one of 3 among the 32 that a customer has not met.
    """
    random = np.random.default_rng(seed)
    rows, wanted = [], []
    for customer in range(60):
        group = customer % 4
        own = random.permutation(10)[:8] + 10 * group
        wanted.append(own[-1])
        other = (10 * group + 10 + random.integers(30)) % 40
        for item in [*own[:7], other]:
            rows += [(customer, item)] * int(random.integers(1, 4))
    data = shop(ints(rows), 41, random, n_users=60)
    return Planted(data, data.everyone(), ints(wanted), within=3)


def habits(seed: int = 0) -> Planted:
    """Each of 30 customers buys one item every few weeks until now, another often but long ago, and 6 now and then."""
    random = np.random.default_rng(seed)
    rows, days, wanted = [], [], []
    for customer in range(30):
        habit, stale, *others = random.permutation(40)[:8]
        wanted.append(habit)
        rows += [(customer, habit)] * 6 + [(customer, stale)] * 6 + [(customer, item) for item in others]
        days += [*(DAYS - 1 - 15 * np.arange(6)), *np.arange(6), *random.integers(DAYS, size=6)]
    data = shop(ints(rows), 41, random, days=np.array(days), n_users=30)
    return Planted(data, data.everyone(), ints(wanted), repeat=True)


def novelty(seed: int = 0) -> Planted:
    """50 customers with 12 of 39 items each; 40 of them took item 39, which is three days old. The others are asked."""
    random = np.random.default_rng(seed)
    rows = [(customer, item) for customer in range(50) for item in random.permutation(39)[:12]]
    days = random.integers(DAYS - 3, size=len(rows))
    rows += [(customer, 39) for customer in range(40)]
    days = np.concatenate([days, random.integers(DAYS - 3, DAYS, size=40)])
    data = shop(ints(rows), 41, random, days=days, n_users=50)
    return Planted(data, data.everyone()[slice(40, 50)], np.full(10, 39, dtype=np.int32))


def ratings(seed: int = 0) -> Planted:
    """Communities again, told by ratings alone: each of 60 customers rates 7 of 10 own items near 4, 12 others near 2.

    Wanted is an own item that was withheld: one of 3 among the 21 that a customer has not rated.
    """
    random = np.random.default_rng(seed)
    rows, wanted, given = [], [], []
    for customer in range(60):
        group = customer % 4
        own = random.permutation(10)[:8] + 10 * group
        others = (10 * group + 10 + random.permutation(30)[:12]) % 40
        wanted.append(own[-1])
        rows += [(customer, item) for item in (*own[:7], *others)]
        given += [4.0] * 7 + [2.0] * 12
    values = np.clip(np.array(given) + 0.3 * random.standard_normal(len(rows)), 1, 5)
    values[[0, 7]] = 5, 1
    data = shop(ints(rows), 41, random, n_users=60, weights=values)
    return Planted(data, data.everyone(), ints(wanted), within=3)


def described(seed: int = 0) -> Planted:
    """Communities again, with a table of items: a kind for each community, tags, a price and a story for each item.

    Nothing is known of the item that has never been met.
    """
    random = np.random.default_rng(seed)
    planted = communities(seed)
    words = np.array(["warm", "light", "wool", "cotton", "red", "blue", "long", "short"])
    tags = np.array([f"tag {tag}" for tag in range(12)])
    items = [
        {
            "kind": f"kind {group}",
            "tags": [*random.permutation(tags[3 * group : 3 * group + 3])[:2], random.choice(tags)],
            "price": float(10 * group + random.uniform(0, 12)),
            "story": " ".join(random.permutation(words)[:5]) + f" made by maker{group}",
        }
        for group in (item // 10 for item in range(40))
    ]
    nothing = dict.fromkeys(items[0])
    return replace(planted, data=replace(planted.data, item_features=pl.DataFrame([*items, nothing])))


def shop(
    pairs: Ints,
    n_items: int,
    random: np.random.Generator,
    *,
    n_users: int,
    days: np.ndarray | None = None,
    weights: np.ndarray | None = None,
) -> Dataset:
    """A log of pairs (user, item) [n, 2] whose ids are their indices, at different moments, with different weights."""
    n = len(pairs)
    moments = random.permutation(n) * (DAY // n)
    days = random.integers(DAYS, size=n) if days is None else days
    return Dataset(
        Vocabulary(pl.Series(np.arange(n_users))),
        Vocabulary(pl.Series(np.arange(n_items))),
        pairs[:, 0],
        pairs[:, 1],
        START + days * DAY + moments,
        (random.uniform(0.8, 1.2, size=n) if weights is None else weights).astype(np.float32),
        np.zeros(n, dtype=np.int8),
    ).sorted()


def without_customers(data: Dataset, n: int) -> Dataset:
    """The same shop if the last n customers had never been heard of."""
    left = data.n_users - n
    return replace(data.where(data.user < left), users=Vocabulary(data.users.ids.head(left)))


def with_items(queries: Queries, items: list[int]) -> Queries:
    """The same customers, each of whom also did something with `items` at their newest moment."""
    n = len(queries)
    newest = np.repeat(queries.times[:, np.newaxis] - 1, len(items), axis=1)
    more = Histories.of([items] * n, times=newest.tolist())
    return replace(queries, history=queries.history.joined(more))
