"""Telling: the answer of a batch in the shop's own ids and words."""

import math
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Final

import numpy as np

from regulars.core import DAY, MISSING, Foretold, Reasons, Recommendations
from regulars.ranking import verbs_of

from .asking import Asked, Batch
from .checking import MOST
from .explaining import Row, Told, because, sentence
from .questions import Because, Expected, Line

_REASONS = 3  # of each line
_NO_FEATURES: Final = ("",) * _REASONS
_RANKS: Final = range(1, MOST + 1)
_made: Final[Callable[..., Line]] = tuple.__new__  # as NamedTuple does, at a third of the time


class Telling:
    """The lines of each row of a batch's answer."""

    def __init__(self, batch: Batch, shown: Recommendations) -> None:
        self.batch, self.shown = batch, shown
        one, ladder = batch.asked[0], batch.ladder
        self.reasons = batch.reasons(shown, _REASONS) if one.scenario.explain and one.question.explain else None
        self.names = _names(batch, shown, self.reasons)  # id and name of each item that is spoken of
        self.foretold = batch.foretold(shown)  # None where no source foretells
        self._verbs = verbs_of(batch.coding.kinds)
        # what the scenario calls each of the answer's sources
        self._called = [*(ladder.rungs[owner].name for owner in ladder.owners), *shown.names[len(ladder.owners) :]]

    def lines(self, row: int, chances: Sequence[float]) -> tuple[Line, ...]:
        """Best first; sources are named as the scenario names them."""
        items, scores = self.shown.items[row].tolist(), self.shown.scores[row].tolist()
        sources, names, via, called = self.shown.sources[row].tolist(), self.names, self.shown.names, self._called
        told = self._told(row, items, sources)
        lines = tuple(
            [
                _made(Line, (names[item][0], rank, score, called[source], *said, chance, via[source], None))
                for rank, item, score, source, said, chance in zip(
                    _RANKS, items, scores, sources, told, chances, strict=False
                )
                if item != MISSING
            ]
        )
        return lines if self.foretold is None else self._expected(row, lines, self.foretold)

    def asked(self, row: int, *, full: bool) -> tuple[str, ...]:
        """The sources that were asked for a row: down to the last that proposed something, all if the list is short."""
        rungs, owners = self.batch.ladder.rungs, self.batch.ladder.owners
        if not full:
            return tuple(dict.fromkeys(rung.name for rung in rungs))
        last = max([owners[one] for one in set(self.shown.sources[row].tolist()) if one < len(owners)], default=-1)
        return tuple(dict.fromkeys(rung.name for rung in rungs[: last + 1]))

    def _expected(self, row: int, lines: tuple[Line, ...], foretold: Foretold) -> tuple[Line, ...]:
        """The lines with what is expected of them, whose rhythm says more than any template."""
        moment, explains = self.batch.asked[row].moment, self.reasons is not None
        chances, days = foretold.chances[row].tolist(), foretold.days[row].tolist()
        found = []
        for line, chance, ahead, rhythm in zip(lines, chances, days, foretold.reasons[row], strict=False):
            if math.isnan(chance):
                found.append(line)
                continue
            day = None if math.isnan(ahead) else int(moment + ahead * DAY) // DAY
            words = rhythm if explains and rhythm else line.reason
            found.append(line._replace(reason=words, expected=Expected(chance, foretold.weeks, day)))
        return tuple(found)

    def _told(self, row: int, items: list[int], sources: list[int]) -> list[tuple[str, tuple[Because, ...]]]:
        """The sentence and the reasons of each line."""
        reasons = self.reasons
        if reasons is None:
            return [("", ())] * len(items)
        whys, features = reasons.items[row].tolist(), self._features(reasons, row)
        shares = reasons.shares[row].astype(np.float64).round(4).tolist()
        past = Row.of(self.batch.queries, row, chain.from_iterable(whys), self._verbs)
        names, called, via, said = self.names, self._called, self.shown.names, dict[tuple[int, int, str, bool], str]()
        made = []
        for item, source, why, feature, share in zip(items, sources, whys, features, shares, strict=True):
            alike = source, why[0], feature[0], item == why[0]  # lines that say the same
            text = said.get(alike)
            if text is None:
                first = Told(called[source], via[source], item, why[0], names[why[0]][1], feature[0])
                text = said[alike] = sentence(first, past)
            made.append((text, because(past, names, (why, feature, share))))
        return made

    def _features(self, reasons: Reasons, row: int) -> list[Sequence[str]]:
        """The attribute of each reason of each line, empty where it is none."""
        if not reasons.names:
            return [_NO_FEATURES] * self.shown.k
        features = reasons.features[row].tolist()
        return [[reasons.names[one] if one != MISSING else "" for one in line] for line in features]


def _names(batch: Batch, shown: Recommendations, reasons: Reasons | None) -> dict[int, tuple[str, str]]:
    spoken = set(shown.items.ravel().tolist())
    if reasons is not None:
        spoken.update(reasons.items.ravel().tolist())
    spoken.discard(MISSING)
    items, known = list(spoken), batch.shop.names
    ids, n = [str(item_id) for item_id in batch.items.ids_at(items)], len(known)
    said = [known[item] or item_id if item < n else item_id for item, item_id in zip(items, ids, strict=True)]
    return dict(zip(items, zip(ids, said, strict=True), strict=True)) | {MISSING: ("", "an item")}


def unknown(asked: Asked, batch: Batch) -> tuple[str, ...]:
    """The ids of a question that the catalog lacks."""
    question = asked.question
    done = (*(question.history or ()), *question.session)
    ids = (*(one.item_id for one in done), *question.basket, *(question.items or ()))
    if not ids:
        return ()
    places = batch.items.places(ids)
    return tuple(dict.fromkeys(one for one, place in zip(ids, places, strict=True) if place == MISSING))
