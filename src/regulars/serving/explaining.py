"""Explaining: the reasons of each line, and a sentence as `ranking.sentences` words it.

That one builds frames for thousands of customers; here a page waits for ten lines.
"""

from calendar import month_name
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, NamedTuple

from regulars.core import DAY, MISSING, Histories, Queries
from regulars.ranking import Words
from regulars.ranking.explain import HABIT

from .live import BOUGHT_TOGETHER, NEW, POPULAR, RECENTLY_VIEWED, REST, SIMILAR, TRENDING
from .questions import Because

PINNED: Final = "pinned"  # the source of what the rules put into a slot
_MONTHS: Final = tuple(month_name)
_WORDS: Final = Words()
_OF_SOURCE: Final[Mapping[str, Words]] = {
    RECENTLY_VIEWED: replace(_WORDS, habit=_WORDS.again, daily=_WORDS.again, twice=_WORDS.again),
    SIMILAR: replace(_WORDS, carried="similar to {item}"),
    BOUGHT_TOGETHER: replace(_WORDS, carried="often bought together with {item}"),
}
_LIVE: Final[Mapping[str, str]] = {
    POPULAR: _WORDS.sources["popularity"],
    TRENDING: _WORDS.sources["trending"],
    NEW: _WORDS.sources["recent"],
    REST: "from the assortment",
    PINNED: "chosen by the shop",
}


class _Met(NamedTuple):
    """What a history holds of an item: newest event, its kind, days with an event, first to last day."""

    newest: int = 0
    kind: int = 0
    days: int = 0
    span: int = 0

    @property
    def rhythm(self) -> int:
        return max(round(self.span / max(self.days - 1, 1)), 1)


class Row(NamedTuple):
    """One answered question, as far as reasons need it: what was met of each item, the basket, the verbs of kinds."""

    met: Mapping[int, _Met]
    basket: frozenset[int]
    verbs: Sequence[str]

    @classmethod
    def of(cls, queries: Queries, row: int, items: Iterable[int], verbs: Sequence[str]) -> "Row":
        starts = queries.baskets.starts
        basket = queries.baskets.items[starts[row] : starts[row + 1]].tolist()
        return cls(_met(queries.history, row, set(items)), frozenset(basket), verbs)


class Told(NamedTuple):
    """Who proposes a line and what speaks for it. source: as regulars.toml calls it; proposer: the method behind it.

    item: of the line; why: the strongest reason, MISSING for none, and its name; feature: an attribute, or empty.
    """

    source: str
    proposer: str
    item: int
    why: int
    name: str
    feature: str


def sentence(told: Told, row: Row) -> str:
    """Why an item is shown."""
    words = _OF_SOURCE.get(told.source, _WORDS)
    met, carried, feature = row.met.get(told.why, _NEVER), told.why in row.basket, told.feature
    if not (met.days or carried or feature):
        return _LIVE.get(told.proposer) or words.sources.get(told.proposer, words.other)
    return _template(words, met, told.item == told.why, bool(feature) * (1 + (told.why != MISSING)), carried).format(
        item=told.name,
        feature=feature,
        verb=row.verbs[met.kind] if met.kind < len(row.verbs) else "bought",
        date=_date(met.newest // DAY),
        times=met.days,
        days=met.rhythm,
    )


_NEVER: Final = _Met()
_made: Final[Callable[..., Because]] = tuple.__new__  # as NamedTuple does, at a third of the time
Why = tuple[Sequence[int], Sequence[str], Sequence[float]]  # items, attributes (empty: none) and shares


def _template(words: Words, met: _Met, own: bool, feature: int, carried: bool) -> str:
    if feature:
        return words.liked if feature == 2 else words.attribute
    if carried and not own:
        return words.carried
    if own and met.days >= HABIT:
        return words.daily if met.rhythm == 1 else words.habit
    if own:
        return words.again_undated if not met.newest else words.twice if met.days > 1 else words.again
    return words.because if met.newest else words.undated


def because(row: Row, ids: Mapping[int, tuple[str, str]], reasons: Why) -> tuple[Because, ...]:
    """The reasons of one line, strongest first."""
    met = row.met
    return tuple(
        [
            _made(
                Because,
                (*(ids[item] if item != MISSING else _NOBODY), feature, met[item][0] if item in met else 0, share),
            )
            for item, feature, share in zip(*reasons, strict=True)
            if item != MISSING or feature
        ]
    )


_NOBODY: Final = ("", "")


def _met(history: Histories, row: int, wanted: set[int]) -> dict[int, _Met]:
    """What the history of a row holds of each of the wanted items; what was taken back is no event."""
    first, last = history.starts[row : row + 2].tolist()
    found: dict[int, list[tuple[int, int]]] = {}
    columns = (history.items, history.times, history.kinds, history.weights)
    for item, time, kind, weight in zip(*(column[first:last].tolist() for column in columns), strict=True):
        if item in wanted and weight > 0:
            found.setdefault(item, []).append((time, kind))
    return {item: _summed(events) for item, events in found.items()}


def _summed(events: list[tuple[int, int]]) -> _Met:
    time, kind = events[-1]
    if len(events) == 1:
        return _Met(time, kind, 1)
    days = [time // DAY for time, _ in events]
    return _Met(time, kind, len(set(days)), days[-1] - days[0])


@lru_cache(1_024)
def _date(day: int) -> str:
    date = datetime.fromtimestamp(day * DAY, UTC)
    return f"{date.day} {_MONTHS[date.month]} {date.year}"
