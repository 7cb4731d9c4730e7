"""Counting: what goes on in the shop, event by event; out of it come recommenders that need no fit."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from regulars.core import DAY, Dataset, Floats, Ints, Longs, Recommender
from regulars.data.kinds import PURCHASE, canonical
from regulars.data.kinds import weights as weights_of
from regulars.ranking.rules import Catalog
from regulars.ranking.rules.columns import Column, Numbers
from regulars.store.records import Event

from .live import (
    BOUGHT_TOGETHER,
    BUY_AGAIN,
    NEW,
    POPULAR,
    RECENTLY_VIEWED,
    REST,
    SIMILAR,
    TRENDING,
    BuyAgain,
    Listed,
    Near,
    RecentlyViewed,
)
from .meeting import Meeting
from .tempo import USUAL, Tempo

_LEAST: Final = 3.0  # weight of the slow count, below which nothing is said of a trend
_DOUBT: Final = 1.28  # standard deviations that a trend must be sure by: the lower tenth
_REBASE: Final = 300.0  # halvings after which the counts are written anew, before they overflow
_NEVER: Final = np.iinfo(np.int64).max
_BOUGHT: Final = (PURCHASE, "event")
_HEAVY: Final = 1_000.0  # that one event may weigh: nobody makes an item popular alone
_CHEAP, _RESTS = 0.02, 20  # seconds of sorting that do not matter; else it takes one part in so many
_named = lru_cache(1_000)(canonical)

Doubles = NDArray[np.float64]


@dataclass
class Live:
    """Counts of one shop, changed by one thread.

    counts: float64 [3, n_items], the weights of the events of each item, each count with its half-life; they are kept
    as of the moment `origin`, so that time passes without work. first: int64 [n_items], when each item was first seen,
    0: before anybody looked. newest: the time of the newest event. tempo: of the counts and of what is made of them.
    """

    weights: Mapping[str, float]
    counts: Doubles
    first: Longs
    viewed: Meeting
    bought: Meeting
    origin: int = 0
    newest: int = 0
    published: int = 0  # items at the last call of `recommenders`
    tempo: Tempo = USUAL
    _made: dict[str, Listed] = field(default_factory=dict)
    _rest: float = 0.0  # until then the lists stay as they are

    @classmethod
    def empty(cls, weights: Mapping[str, float], tempo: Tempo = USUAL) -> "Live":
        none, (visit, basket) = np.zeros((len(tempo.half_lives), 0)), tempo.windows
        return cls(weights_of(weights), none, np.zeros(0, np.int64), Meeting(visit), Meeting(basket), tempo=tempo)

    @classmethod
    def of(cls, data: Dataset, weights: Mapping[str, float], tempo: Tempo = USUAL) -> "Live":
        """The counts of a whole log, whose weights are those of the dataset."""
        newest = int(data.time.max(initial=0))
        counts, windows = np.zeros((len(tempo.half_lives), data.n_items)), tempo.windows
        gains = np.maximum(data.weight.astype(np.float64), 0)
        for row, half_life in enumerate(tempo.half_lives):
            faded = gains * np.exp2((data.time - newest) / (half_life * DAY))
            counts[row] = np.bincount(data.item, weights=faded, minlength=data.n_items)
        first = np.full(data.n_items, _NEVER, dtype=np.int64)
        np.minimum.at(first, data.item, data.time)
        first[first == _NEVER] = 0
        purchases = data.of_kinds(_BOUGHT)
        met = Meeting.of(data, windows[0]), Meeting.of(purchases if len(purchases) else data, windows[1])
        return cls(weights_of(weights), counts, first, *met, newest, newest, data.n_items, tempo)

    def count(self, events: Sequence[Event], index: Ints) -> None:
        """Takes in events; index: their items."""
        if not len(events):
            return
        self._grow(int(index.max()) + 1)
        now = int(time.time())
        times = np.minimum(np.array([event.time for event in events], dtype=np.int64), now)
        kinds = [_named(event.kind) for event in events]
        gains = np.array([self.weights.get(k, 1.0) * e.weight for k, e in zip(kinds, events, strict=True)])
        self.newest = max(self.newest, int(times.max()))
        self._rebase()
        for row, half_life in enumerate(self.tempo.half_lives):
            grown = np.clip(gains, 0, _HEAVY) * np.exp2(np.maximum((times - self.origin) / (half_life * DAY), -_REBASE))
            np.add.at(self.counts[row], index, grown)
        np.minimum.at(self.first, index, times)
        self._meet(events, index.tolist(), kinds, gains.tolist())

    def recommenders(self, catalog: Catalog, now: int, arrived: str = "") -> dict[str, Recommender]:
        """The live sources by their names, as values that later counting does not change.

        arrived: the field of the items that says since when each is in the shop; without it, since it was first seen.
        Where a catalog is so large that sorting it takes long, the lists stay for some time as they are.
        """
        n = len(catalog.items)
        if time.monotonic() >= self._rest or len(self._made[NEW].scores) != n:
            self._list(n, now)
            if arrived in catalog.columns:
                told = _told(self._made[NEW].scores, catalog.columns[arrived], now)
                self._made[NEW] = Listed(NEW, self._still_new(told, now))
                _ = self._made[NEW].order
        return {
            **self._made,
            RECENTLY_VIEWED: RecentlyViewed(n),
            BUY_AGAIN: BuyAgain(n, self.tempo.repeat_days, self.tempo.gap_days),
            SIMILAR: self.viewed.published(SIMILAR),
            BOUGHT_TOGETHER: self.bought.published(BOUGHT_TOGETHER),
        }

    def _list(self, n: int, now: int) -> None:
        """Makes the lists that are the same for everybody, in order, so that no answer waits for that."""
        started, worked = time.monotonic(), time.thread_time()
        self._grow(n)
        arrived = np.flatnonzero(self.first[self.published :] == _NEVER) + self.published
        self.first[arrived] = now if self.published else 0
        self.published = max(self.published, n)
        self._made = {
            POPULAR: Listed(POPULAR, self._counts(0)[:n].astype(np.float32), REST),
            TRENDING: Listed(TRENDING, self._trends()[:n]),
            NEW: Listed(NEW, self._still_new(_days(self.first[:n]), now)),
        }
        for listed in self._made.values():
            _ = listed.order
        cost = time.thread_time() - worked
        self._rest = started + (_RESTS * cost if cost > _CHEAP else 0.0)

    def renumbered(self, new_of_old: Longs) -> "Live":
        """The same counts in another order of the items."""
        n = int(new_of_old.max(initial=-1)) + 1
        places = new_of_old[: self.counts.shape[1]]
        counts, first = np.zeros((len(self.counts), n)), np.zeros(n, dtype=np.int64)
        counts[:, places], first[places] = self.counts, self.first
        self._grow(len(new_of_old))
        met = self.viewed.renumbered(new_of_old), self.bought.renumbered(new_of_old)
        return Live(self.weights, counts, first, *met, self.origin, self.newest, n, self.tempo)

    def save(self, folder: Path) -> None:
        """Writes the counts into a folder; visits that are going on are left out."""
        folder.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, NDArray[Any]] = {
            "counts": self.counts,
            "first": self.first,
            "moments": np.array([self.origin, self.newest, self.published], dtype=np.int64),
            "tempo": np.array(list(asdict(self.tempo).values()), dtype=np.float64),
        }
        for name, met in (("viewed", self.viewed), ("bought", self.bought)):
            met.grow(self.counts.shape[1])
            arrays[f"{name}_starts"], arrays[f"{name}_items"], arrays[f"{name}_counts"] = met.rows
            arrays[f"{name}_totals"] = met.totals
        for name, array in arrays.items():
            np.save(folder / f"{name}.npy", array, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path, weights: Mapping[str, float]) -> "Live":
        """The counts that `save` wrote."""

        def read(name: str) -> NDArray[Any]:
            array: NDArray[Any] = np.load(folder / f"{name}.npy", allow_pickle=False)
            return array

        tempo = Tempo(*read("tempo").tolist()) if (folder / "tempo.npy").is_file() else USUAL
        met = {
            name: Meeting(
                window,
                near=Near(read(f"{name}_starts"), read(f"{name}_items"), read(f"{name}_counts")),
                totals=read(f"{name}_totals"),
            )
            for name, window in zip(("viewed", "bought"), tempo.windows, strict=True)
        }
        origin, newest, published = read("moments").tolist()
        parts = read("counts"), read("first"), met["viewed"], met["bought"]
        return cls(weights_of(weights), *parts, origin, newest, published, tempo)

    def _meet(self, events: Sequence[Event], items: list[int], kinds: list[str], gains: list[float]) -> None:
        for event, item, kind, gain in zip(events, items, kinds, gains, strict=True):
            if gain > 0:
                self.viewed.count(event.user_id, item, event.time)
                if kind in _BOUGHT:
                    self.bought.count(event.user_id, item, event.time)

    def _grow(self, n_items: int) -> None:
        old = self.counts.shape[1]
        if n_items > old:
            self.counts = np.concatenate([self.counts, np.zeros((len(self.counts), n_items - old))], axis=1)
            self.first = np.concatenate([self.first, np.full(n_items - old, _NEVER, dtype=np.int64)])
        self.viewed.grow(n_items)
        self.bought.grow(n_items)

    def _rebase(self) -> None:
        """Moves the origin to the newest event, when the counts would grow beyond what a float holds."""
        half_lives = self.tempo.half_lives
        if not self.origin or (self.newest - self.origin) / (half_lives.min() * DAY) > _REBASE:
            self.counts *= np.exp2(-(self.newest - self.origin) / (half_lives * DAY))[:, np.newaxis]
            self.origin = self.newest

    def _counts(self, row: int) -> Doubles:
        """What each item weighs at the newest event."""
        half_life = self.tempo.half_lives[row]
        counts: Doubles = self.counts[row] * np.exp2(-(self.newest - self.origin) / (half_life * DAY))
        return counts

    def _still_new(self, days: Floats, now: int) -> Floats:
        """The days of arrival of what is new at this tempo."""
        if not self.tempo.new_days:
            return days
        return np.where(days >= now / DAY - self.tempo.new_days, days, np.nan).astype(np.float32)

    def _trends(self) -> Floats:
        """How surely an item sells better now than before, beside the shop as a whole.

        The log ratio of the fast count to what the slow one foretells, less _DOUBT of its standard deviations, which
        for a Poisson count of n is about 1 / sqrt(n).
        """
        fast, slow = self._counts(1), self._counts(2)
        foretold = slow * (fast.sum() / max(float(slow.sum()), 1e-9))
        trends = np.log((fast + 1) / (foretold + 1)) - _DOUBT / np.sqrt(fast + 1)
        return np.where(slow >= _LEAST, trends, np.nan).astype(np.float32)


def _told(days: Floats, column: Column, now: int) -> Floats:
    """The days of arrival, by a field where it says one; who comes only tomorrow is not new yet."""
    if not isinstance(column, Numbers) or column.kind == "flag":
        return days
    told = column.values[: len(days)]
    return np.where(np.isnan(told), days, np.where(told <= now, told / DAY, np.nan)).astype(np.float32)


def _days(first: Longs) -> Floats:
    return np.where((first > 0) & (first < _NEVER), first / DAY, np.nan).astype(np.float32)
