"""From reasons to words: one sentence for each answer, made at the edge, a whole batch at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from string import Formatter
from types import MappingProxyType

import numpy as np
import polars as pl

from regulars.core import DAY, MISSING, Bools, Histories, Ints, Longs, Queries, Reasons, Recommendations

HABIT = 3  # different days with a purchase, from which on two gaps make a rhythm
_VERBS = {"view": "looked at", "click": "looked at", "cart": "picked", "rating": "rated"}
_BY_CATEGORY = ("category_popularity",)  # sources whose attributes are categories that the customer buys from
_FOR_ALL = {
    "popularity": "popular with customers now",
    "category_popularity": "popular with customers now",
    "recent": "new in the shop",
    "trending": "selling better than in the weeks before",
}


@dataclass(frozen=True)
class Words:
    """The sentences. Fields in braces are filled in: {item} {verb} {date} {days} {times} {feature}.

    because: an item of the history speaks for another one; undated: the same in a log without times.
    liked: an attribute that an item of the history has; attribute: one of the customer; category: one that the customer
    buys from more than others do, by the sources that count that. carried: an item of the basket.
    habit: the item speaks for itself, bought on HABIT days or more, about every {days} days; daily: {days} is 1;
    twice: on fewer; again: on one day. sources: what to say without a reason, by the name of the source; other: for
    the rest.
    verbs: what a customer did, by the code of the event's kind (see `verbs_of`); "bought" beyond its end.
    """

    because: str = "because you {verb} {item} on {date}"
    undated: str = "because you {verb} {item}"
    liked: str = "because you like {feature}, as in {item}"
    attribute: str = "because of {feature}"
    category: str = "because you often buy from {feature}, such as {item}"
    carried: str = "goes with {item} in your basket"
    habit: str = "you buy it about every {days} days; {times} times so far"
    daily: str = "you buy it about every day; {times} times so far"
    twice: str = "you {verb} it {times} times, last on {date}"
    again: str = "you {verb} it on {date}"
    again_undated: str = "you {verb} it before"
    other: str = "chosen for you"
    sources: Mapping[str, str] = field(default_factory=lambda: MappingProxyType(_FOR_ALL))
    verbs: tuple[str, ...] = ()


def verbs_of(kinds: Sequence[str]) -> tuple[str, ...]:
    """The verb for each kind of event of a dataset: looked at, picked, rated, else bought."""
    return tuple(_VERBS.get(kind, "bought") for kind in kinds)


def sentences(
    answer: Recommendations, reasons: Reasons, queries: Queries, item_names: pl.Series, words: Words | None = None
) -> pl.Series:
    """Why each item was answered, in words: a Series named "reason" in the order of the rows of `answer.frame`.

    item_names: the name of each item of the catalog, null where there is none. The strongest reason is told, with the
    day of its newest event in the history. An item that is its own reason is told as a habit.
    """
    words = words or Words()
    at = np.flatnonzero(answer.items != MISSING)
    rows, items = at // max(1, answer.k), answer.items.ravel()[at]
    if not len(at):
        return pl.Series("reason", [], dtype=pl.String)
    why, features = (_first(places).ravel()[at] for places in (reasons.items, reasons.features))
    past = _past(queries.history, rows, why)
    attributes = _named(pl.Series(reasons.names, dtype=pl.String), features, "what it is")
    facts = pl.DataFrame({"item": _named(item_names, why, "an item"), "feature": attributes, **past.columns(words)})
    basket = _past(queries.baskets, rows, why).times > 0
    facts = facts.with_columns(
        attribute=features != MISSING, liked=(features != MISSING) & (why != MISSING), carried=basket & (why != items)
    )
    sources = answer.sources.ravel()[at].astype(np.int64)
    counted = np.array([name in _BY_CATEGORY for name in answer.names])[sources]
    told = _told(words, facts.with_columns(category=counted & (features != MISSING)), past, why == items)
    by_source = [words.sources.get(name, words.other) for name in answer.names]
    general = pl.Series(by_source, dtype=pl.String).gather(sources)
    return told.zip_with(pl.Series((past.times > 0) | basket | (features != MISSING)), general).alias("reason")


@dataclass(frozen=True)
class _Past:
    """What a history holds of one item, for each of many pairs: newest event, its kind, days with an event, their span.

    newest: seconds UTC; kind: int8; times: different days, 0 if the item is not there; days: first to last day.
    """

    newest: Longs
    kind: np.ndarray
    times: Longs
    days: Longs

    def columns(self, words: Words) -> dict[str, pl.Series]:
        verbs = pl.Series([*words.verbs, "bought"])
        return {
            "verb": verbs.gather(np.minimum(self.kind.astype(np.int64), len(words.verbs))),
            "date": pl.from_epoch(pl.Series(self.newest), "s").dt.strftime("%-d %B %Y"),
            "times": pl.Series(self.times).cast(pl.String),
            "days": pl.Series(self.rhythm).cast(pl.String),
        }

    @property
    def rhythm(self) -> Longs:
        """Days between two purchases, on average, rounded; at least 1."""
        return np.maximum(np.rint(self.days / np.maximum(self.times - 1, 1)), 1).astype(np.int64)


def _told(words: Words, facts: pl.DataFrame, past: _Past, own: Bools) -> pl.Series:
    """The sentence of each row that has a reason."""
    dated = past.newest != 0  # a log without times has zeros
    often = own & (past.times >= HABIT)
    daily = often & (past.rhythm == 1)
    twice = own & dated & (past.times > 1)
    columns = facts.with_columns(own=own, dated=dated, often=often, daily=daily, twice=twice)
    choice = (
        pl.when(pl.col("category"))
        .then(_filled(words.category))
        .when(pl.col("liked"))
        .then(_filled(words.liked))
        .when(pl.col("attribute"))
        .then(_filled(words.attribute))
        .when(pl.col("carried"))
        .then(_filled(words.carried))
        .when(pl.col("daily"))
        .then(_filled(words.daily))
        .when(pl.col("often"))
        .then(_filled(words.habit))
        .when(pl.col("twice"))
        .then(_filled(words.twice))
        .when(pl.col("own") & pl.col("dated"))
        .then(_filled(words.again))
        .when(pl.col("own"))
        .then(_filled(words.again_undated))
        .when(pl.col("dated"))
        .then(_filled(words.because))
        .otherwise(_filled(words.undated))
    )
    return columns.select(choice).to_series()


def _filled(template: str) -> pl.Expr:
    """A template as an expression over the columns that its braces name."""
    parts = []
    for text, name, _, _ in Formatter().parse(template):
        parts += [pl.lit(text)] if text else []
        parts += [pl.col(name)] if name else []
    return pl.concat_str(parts) if parts else pl.lit("")


def _first(places: Ints) -> Ints:
    """The strongest reason of each answer; int32 [n, k]."""
    return places[:, :, 0] if places.shape[2] else np.full(places.shape[:2], MISSING, dtype=np.int32)


def _named(names: pl.Series, places: Ints, nameless: str) -> pl.Series:
    known = (places >= 0) & (places < len(names))
    index = pl.Series(places.astype(np.int64)).set(pl.Series(~known), None)
    return names.cast(pl.String).gather(index).fill_null(nameless)


def _past(history: Histories, rows: Longs, items: Ints) -> _Past:
    """What the history of each of `rows` holds of the item beside it; both [p]."""
    width = int(max(history.items.max(initial=0), items.max(initial=0))) + 2  # -1 is a place of its own
    wanted = rows * width + items + 1
    keys = history.rows.astype(np.int64) * width + history.items + 1
    bought = np.flatnonzero((history.weights > 0) & np.isin(keys, wanted) & (history.items >= 0))
    bought = bought[np.argsort(keys[bought], kind="stable")]
    keys, days = keys[bought], history.times[bought] // DAY
    another = np.ones(len(keys), dtype=np.int64)
    another[1:] = (keys[1:] != keys[:-1]) | (days[1:] != days[:-1])
    counted = np.concatenate([[0], np.cumsum(another)])
    low, high = np.searchsorted(keys, wanted), np.searchsorted(keys, wanted, side="right")
    if not len(keys):
        none = np.zeros(len(wanted), dtype=np.int64)
        return _Past(none, none.astype(np.int8), none, none)
    there = high > low
    first, last = np.where(there, low, 0), np.where(there, high - 1, 0)
    return _Past(
        np.where(there, history.times[bought][last], 0),
        np.where(there, history.kinds[bought][last], 0).astype(np.int8),
        np.where(there, counted[high] - counted[low], 0),
        np.where(there, days[last] - days[first], 0),
    )
