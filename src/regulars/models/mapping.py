"""Mapping: what a map from content to vectors is learned from, and the model that it makes of another one."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from regulars.core import Bools, Dataset, Floats, Frame, Histories, Ints, Longs, Queries, Run, floats, ints
from regulars.core.errors import EmptyData
from regulars.features import Encoded, Inputs

from .content_axes import content_space
from .folds import Folds, came_back, drawn, folded
from .gating import Court
from .jury import MOST, Asked, Places
from .kinds.bridge import Bridge, Reader
from .kinds.content_map import ContentMap, encoded
from .kinds.content_space import ContentSpace
from .kinds.factors import Factors
from .kinds.gate import Decision
from .rehearsal import REPEATED, Rehearsal

if TYPE_CHECKING:
    from .content_to_cf import ContentToCF
    from .withheld import Withheld

DEEP: Final = 50  # length of rehearsed lists: those of ten leave out most of what answers among a whole catalog tell
LEAST: Final = 3  # items that a map can be learned from, one of them withheld


@dataclass(frozen=True)
class Catalog:
    """What is known of the items, encoded, and the coordinates of what they are like."""

    inputs: Inputs
    rows: Encoded
    space: ContentSpace

    @classmethod
    def of(cls, inputs: Inputs, features: Frame, likeness: int, run: Run) -> "Catalog":
        """likeness: how many coordinates."""
        rows = encoded(inputs, features)
        return cls(inputs, rows, content_space(inputs, rows, likeness, run))


@dataclass(frozen=True)
class Ground:
    """A fitted model, the log that it was fitted on, and what is known of the items.

    counts: int64 [n_items], customers who met each item; users: who is asked; folds: int32 [n_items], the fold of each
    item; new: questions about the items of the last fold, which no map learns from.
    """

    base: Factors
    known: Dataset
    rows: Encoded
    space: ContentSpace
    reader: Reader
    counts: Longs
    users: Ints
    folds: Ints
    new: Folds

    @classmethod
    def of(cls, settings: "ContentToCF", base: Factors, known: Dataset, catalog: Catalog, run: Run) -> "Ground":
        """Raises EmptyData when too few of the items that were met are described."""
        random, rows = run.random(), catalog.rows
        reader = Reader(base.encoder, base.item_vectors, catalog.space.of(rows))
        counts = np.bincount(known.matrix().indices, minlength=known.n_items).astype(np.int64)
        able = ints(np.flatnonzero(~np.isnan(base.item_vectors[:, 0]) & rows.told & (counts > 0)))
        if len(able) < LEAST:
            raise EmptyData(
                f"content_to_cf learns from items that were met and of which something is known, and there are "
                f"{len(able)}; give it attributes of more items, or a longer log"
            )
        folds = drawn(able, known.n_items, settings.folds, settings.validation, random)
        several = np.flatnonzero(np.diff(known.starts) > 1)
        users = ints(np.sort(random.permutation(several)[: settings.customers]))
        new = folded(reader, known, folds, users, (settings.folds,))
        return cls(base, known, rows, catalog.space, reader, counts, users, folds, new)

    @property
    def own(self) -> Floats:
        """The items' own vectors, 0 for those that have none; float32 [n_items, d]."""
        return floats(np.nan_to_num(self.base.item_vectors))

    @property
    def met(self) -> Bools:
        """Which items have one."""
        known: Bools = ~np.isnan(self.base.item_vectors[:, 0])
        return known

    def questions(self, n_folds: int) -> Folds:
        """Those that teach. Raises EmptyData when nobody met two items."""
        folds = folded(self.reader, self.known, self.folds, self.users, tuple(range(n_folds)))
        if not len(folds):
            raise EmptyData(
                "content_to_cf learns from customers who met two items or more, and there are none; "
                "give it a longer log"
            )
        return folds

    def model(self, content: ContentMap, places: Places, decision: Decision) -> Factors:
        """The model in which items are placed by this map, too, as far as was decided."""
        vectors, d = places.by(decision), places.factors
        read = floats(np.where(self.met[:, np.newaxis], self.base.item_vectors, vectors[:, :d]))
        reader = Reader(self.base.encoder, read, self.reader.likes)
        bridge = Bridge(reader, self.met, content, self.space, decision)
        return Factors("content_to_cf", self.known.n_items, bridge.stored(vectors), bridge)

    def decided(self, settings: "ContentToCF", places: Places, withheld: "Withheld", run: Run) -> Decision:
        """What withheld events say of this map, and items as if they were new."""
        random, n_items, asked = run.random(), self.known.n_items, withheld
        cold = self._as_new(random).some(random, n_items)
        warm = Asked.of(self.reader(asked.queries), asked.queries.history, asked.targets, n_items)
        warm = warm.some(random, n_items)
        hidden = ints(np.flatnonzero(self.folds == self.folds.max()))
        again = self._again(settings, random)
        novelty = settings.novelty
        return Court(places, warm, cold, again, hidden, novelty, novelty, run).decided()

    def rehearsed(self, settings: "ContentToCF", places: Places, rehearsal: Rehearsal, run: Run) -> Decision:
        """What is said by those who discovered things later: what others had met, and what nobody had."""
        random, n_items, known = run.random(), self.known.n_items, self.counts > 0
        share = rehearsal.share(self.counts, settings.novelty)
        warm, cold = (
            self._later(*rehearsal.discovered(some, 2 * MOST, random)) for some in (known, ~known & self.rows.told)
        )
        warm, cold = warm.some(random, n_items), cold.some(random, n_items)
        again, nothing = self._any(*rehearsal.returned(2 * MOST * settings.repeats, random)), np.empty(0, np.int32)
        again = again.some(random, n_items)
        court = Court(places, warm, cold, again, nothing, settings.novelty, share, run, DEEP)
        return replace(court.decided(), rehearsed=True)

    def places(self, content: ContentMap, rates: Floats) -> Places:
        """Where items could be; rates: float32 [n_items], logs of how fresh they are."""
        d = self.base.item_vectors.shape[1]
        own = np.pad(self.base.item_vectors, ((0, 0), (0, self.reader.width - d)))
        return Places(own, content.placed(self.rows), self.counts, d, rates)

    def _later(self, queries: Queries, targets: Ints) -> Asked:
        """Questions whose lists leave out what was met."""
        return Asked.of(self.reader(queries), queries.history, targets, self.known.n_items)

    def _any(self, queries: Queries, targets: Ints) -> Asked:
        """Questions whose lists may hold what was met; those of which something is known."""
        vectors = self.reader(queries)
        asked = Asked(vectors, targets, np.zeros(len(targets) + 1, dtype=np.int64), np.empty(0, np.int32))
        return asked[np.flatnonzero(~np.isnan(vectors[:, 0]))]

    def _as_new(self, random: np.random.Generator) -> Asked:
        """Some of the events in which customers chose items of the last fold, asked without all of these."""
        known, last = self.known, self.folds.max()
        chosen, later = (self.folds[known.item] == last) & (known.weight > 0), came_back(known)
        events = np.flatnonzero(chosen & later if later.any() else chosen)
        events = np.sort(random.permutation(events)[: 2 * MOST])
        ends = known.time[events] if later.any() else int(known.time.max(initial=0)) + 1
        queries = known.queries(known.user[events], ends)
        history = queries.history.where(self.folds[queries.history.items] != last)
        return Asked.of(self.reader(replace(queries, history=history)), history, known.item[events], known.n_items)

    def _again(self, settings: "ContentToCF", random: np.random.Generator) -> Asked:
        """For each of some customers an item that they came back for, in lists that may hold it; nobody, where fewer
        than REPEATED of the events are such, or where lists leave out what was met."""
        known, met = self.known, self.known.histories().where(self.known.weight > 0)
        met = met.where(one_a_moment(met, known.n_items))
        pairs, times = np.unique(met.rows.astype(np.int64) * known.n_items + met.items, return_counts=True)
        repeated = random.permutation(pairs[times > 1])
        if not settings.repeats or times.sum() - len(times) < REPEATED * max(1, times.sum()):
            repeated = repeated[:0]
        users, first = np.unique(repeated // known.n_items, return_index=True)
        some = np.sort(random.permutation(len(users))[:MOST])
        queries = known.queries(ints(users[some]), int(known.time.max(initial=0)) + 1)
        targets = ints(repeated[first[some]] % known.n_items)
        return self._any(queries, targets).some(random, known.n_items)


def one_a_moment(met: Histories, n_items: int) -> Bools:
    """One event of each customer with each item at each time: two lines of a receipt are no return; bool [n_events]."""
    pairs = met.rows.astype(np.int64) * n_items + met.items
    order = np.lexsort((met.times, pairs))
    first = np.zeros(len(order), dtype=np.bool_)
    first[order] = np.append(True, (np.diff(pairs[order]) != 0) | (np.diff(met.times[order]) != 0))[: len(order)]
    return first
