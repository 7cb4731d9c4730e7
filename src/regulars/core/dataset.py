"""Dataset: what happened in a shop, and the two tables that describe its items and customers. Immutable."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from .arrays import MISSING, Bools, Codes, Floats, Frame, Ints, Longs, longs, spans, starts_of
from .errors import BadTable, EmptyData, MissingColumn, VocabularyMismatch
from .mapped import counts_of, kept, looked_up
from .queries import Histories, Queries
from .vocabulary import Vocabulary

if TYPE_CHECKING:
    from scipy.sparse import csr_array

EVENT = "event"  # the kind of an event in a log that does not name kinds


@dataclass(frozen=True)
class Dataset:
    """Events in the order of (user, time), and features aligned to the vocabularies.

    user, item: int32 indices; time: int64 seconds UTC; weight: float32, negative for what was taken back;
    kind: int8 code into `kinds`; all [n_events]. item_features: n_items rows, user_features: n_users rows, or frames
    without columns; context: further columns of the events (value, quantity, session, channel, store), n_events rows.
    """

    users: Vocabulary
    items: Vocabulary
    user: Ints
    item: Ints
    time: Longs
    weight: Floats
    kind: Codes
    kinds: tuple[str, ...] = (EVENT,)
    item_features: Frame = field(default_factory=pl.DataFrame)
    user_features: Frame = field(default_factory=pl.DataFrame)
    context: Frame = field(default_factory=pl.DataFrame)

    def __post_init__(self) -> None:
        sizes = {len(self.user), len(self.item), len(self.time), len(self.weight), len(self.kind)}
        if len(sizes) != 1:
            raise BadTable(f"the event columns need one length; they have {sorted(sizes)}")
        for name, frame, rows in (
            ("item_features", self.item_features, self.n_items),
            ("user_features", self.user_features, self.n_users),
            ("context", self.context, len(self)),
        ):
            if frame.width and frame.height != rows:
                raise BadTable(f"{name} needs {rows} rows, one for each; it has {frame.height}")

    @classmethod
    def of(cls, events: Frame, *, items: Frame | None = None, customers: Frame | None = None) -> "Dataset":
        """A dataset from tables with the standard column names.

        events: user_id, item_id and, if known, time (seconds UTC), weight, kind; other columns become context.
        items: item_id and features; customers: user_id and features. Items without events join the catalog.
        Raises MissingColumn, EmptyData.
        """
        _need(events, ("user_id", "item_id"), "events")
        if not events.height:
            raise EmptyData("events has no rows; a dataset needs at least one event")
        n = events.height
        time = events["time"] if "time" in events.columns else pl.Series(np.zeros(n, dtype=np.int64))
        weight = events["weight"] if "weight" in events.columns else pl.Series(np.ones(n, dtype=np.float32))
        kind = events["kind"] if "kind" in events.columns else pl.Series([EVENT]).new_from_index(0, n)
        users, items_ = Vocabulary.of(events["user_id"]), Vocabulary.of(events["item_id"])
        if items is not None:
            _need(items, ("item_id",), "items")
            items_ = items_.extended(items["item_id"])
        if customers is not None:
            _need(customers, ("user_id",), "customers")
            users = users.extended(customers["user_id"])
        kinds = tuple(kind.unique(maintain_order=True).cast(pl.String).to_list())
        codes = kind.cast(pl.String).replace_strict(list(kinds), list(range(len(kinds))), return_dtype=pl.Int8)
        standard = {"user_id", "item_id", "time", "weight", "kind"}
        return cls(
            users,
            items_,
            users.index(events["user_id"]),
            items_.index(events["item_id"]),
            time.cast(pl.Int64).to_numpy(),
            weight.cast(pl.Float32).to_numpy(),
            codes.to_numpy(),
            kinds,
            aligned(items, items_, "item_id"),
            aligned(customers, users, "user_id"),
            events.select(pl.exclude(standard)),
        ).sorted()

    def __len__(self) -> int:
        return len(self.user)

    @property
    def n_users(self) -> int:
        return len(self.users)

    @property
    def n_items(self) -> int:
        return len(self.items)

    @cached_property
    def starts(self) -> Longs:
        """Where each user's events begin; int64 [n_users + 1]."""
        return starts_of(counts_of(self.user, self.n_users))

    def sorted(self) -> "Dataset":
        """The same events in the order of (user, time); equal times keep their order."""
        order = np.lexsort((self.time, self.user))
        return self.where(order) if (np.diff(order) != 1).any() else self

    def where(self, events: Bools | Longs) -> "Dataset":
        """Only these events (a mask or positions); the vocabularies and features stay whole.

        What a mask keeps of columns that are mapped from the disk is mapped, too, where it is large.
        """
        context = self.context
        if context.width:
            context = context.filter(events) if events.dtype == np.bool_ else context[events]
        return replace(
            self,
            user=kept(self.user, events),
            item=kept(self.item, events),
            time=kept(self.time, events),
            weight=kept(self.weight, events),
            kind=kept(self.kind, events),
            context=context,
        )

    def before(self, at: int) -> "Dataset":
        """The events strictly before `at`."""
        return self.where(self.time < at)

    def of_kinds(self, kinds: tuple[str, ...]) -> "Dataset":
        """Only the events of these kinds; the codes keep their meaning."""
        return self.where(np.isin(self.kind, [i for i, kind in enumerate(self.kinds) if kind in kinds]))

    def matrix(self) -> "csr_array":
        """Weight of each item for each user, summed over the events; float32 [n_users, n_items], none negative."""
        return self.histories().matrix(self.n_items)

    def histories(self) -> Histories:
        """Everything that every user did."""
        return Histories(self.starts, self.item, self.time, self.weight, self.kind)

    def queries(self, users: Ints, at: Longs | int, *, last: int | None = None) -> Queries:
        """What is known of `users` strictly before `at`; the one place where the future could leak, and does not.

        users: int32 [n], MISSING for a stranger; at: the moment of asking, one or [n]; last: the newest so many.
        Their attributes are their rows of `user_features`, which carry no time: leave out what was learned later.
        """
        moments = np.broadcast_to(longs(at), users.shape).copy()
        known = np.where(users >= 0, users, 0)
        low = np.where(users >= 0, self.starts[known], 0)
        high = np.where(users >= 0, self.starts[known + 1], 0)
        ends = _first_not_before(self.time, low, high, moments)
        if last is not None:
            low = np.maximum(low, ends - last)
        events = spans(low, ends - low)
        history = Histories(
            starts_of(ends - low), self.item[events], self.time[events], self.weight[events], self.kind[events]
        )
        who = np.where(users >= 0, users, MISSING).astype(np.int32)
        return Queries(who, history, moments, Histories.none(len(users)), attributes=self._attributes(users))

    def next_events(self, users: Ints, at: Longs | int) -> Longs:
        """The position of the first event that each of `users` has from `at` on, MISSING where there is none; [n].

        For questions that are asked when a customer comes back: what is known of that moment is the context of this
        event. It looks ahead, so take from it only what a shop knows before it answers.
        """
        known = np.where(users >= 0, users, 0)
        low = np.where(users >= 0, self.starts[known], 0)
        high = np.where(users >= 0, self.starts[known + 1], 0)
        first = _first_not_before(self.time, low, high, np.broadcast_to(longs(at), users.shape))
        return np.where(first < high, first, MISSING)

    def _attributes(self, users: Ints) -> Frame:
        """The features of each of `users`, nulls for strangers; no columns when no customer has features."""
        if not self.user_features.width:
            return pl.DataFrame()
        rows = pl.Series(users.astype(np.int64))
        return self.user_features.select(pl.all().gather(rows.set(rows < 0, None)))

    def as_indexed(self, items: Vocabulary) -> "Dataset":
        """The same with the indices of `items`, as a model knows them; items that came since stand behind them.

        Raises VocabularyMismatch when one of `items` is not among those of this dataset.
        """
        if self.items.extends(items):
            return self
        lost = np.flatnonzero(self.items.index(items.ids) == MISSING)
        if len(lost):
            raise VocabularyMismatch(
                f"the model was fitted on {len(items):,} items, {len(lost):,} of which are not among the "
                f"{self.n_items:,} at hand, the first {items.ids[int(lost[0])]!r}; fit it again, or use the data that "
                "it was fitted on"
            )
        wanted = items.extended(self.items.ids)
        places = wanted.index(self.items.ids)
        features = self.item_features
        return replace(
            self,
            items=wanted,
            item=looked_up(places, self.item),
            item_features=features[np.argsort(places)] if features.width else features,
        )

    def everyone(self, at: int | None = None) -> Queries:
        """A question about every user of the shop, asked at `at`, by default right after the last event."""
        moment = (int(self.time.max()) + 1 if len(self) else 0) if at is None else at
        return self.queries(np.arange(self.n_users, dtype=np.int32), moment)


def aligned(frame: Frame | None, vocabulary: Vocabulary, key: str) -> Frame:
    """`frame` with one row for each id of the vocabulary, in its order; ids without a row get nulls.

    The first row of a repeated id counts. A frame without columns when there is nothing but ids.
    """
    if frame is None or frame.width < 2:
        return pl.DataFrame()
    found = vocabulary.index(frame[key])
    rows = np.full(len(vocabulary), MISSING, dtype=np.int64)
    positions = np.flatnonzero(found != MISSING)[::-1]
    rows[found[positions]] = positions
    index = pl.Series(rows)
    picks = index.set(index < 0, None)
    return frame.drop(key).select(pl.all().gather(picks))


def _need(frame: Frame, columns: tuple[str, ...], what: str) -> None:
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise MissingColumn(f"{what} needs the columns {list(columns)}; the table has {frame.columns}. Rename them")


def _first_not_before(time: Longs, low: Longs, high: Longs, at: Longs) -> Longs:
    """Binary search in every slice low:high of `time` at once: the first position that is not before `at`."""
    low, high = low.copy(), high.copy()
    while (open_ := low < high).any():
        middle = (low + high) // 2
        before = open_.copy()
        before[open_] = time[middle[open_]] < at[open_]
        low = np.where(before, middle + 1, low)
        high = np.where(open_ & ~before, middle, high)
    return low
