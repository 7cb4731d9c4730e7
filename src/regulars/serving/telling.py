"""Telling: the answer of a batch in the shop's own ids and words."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from regulars.core import MISSING, Reasons, Recommendations
from regulars.ranking import verbs_of

from .asking import Asked, Batch
from .explaining import Row, Told, because, sentence
from .questions import Because, Line

_REASONS = 3  # of each line


@dataclass(frozen=True)
class Telling:
    """The lines of each row of a batch's answer. picked: int [n, k], places in the answer that are shown."""

    batch: Batch
    shown: Recommendations

    @cached_property
    def names(self) -> dict[int, tuple[str, str]]:
        """Id and name of each item that is spoken of."""
        spoken = set(self.shown.items.ravel().tolist())
        if self.reasons is not None:
            spoken |= set(self.reasons.items.ravel().tolist())
        spoken.discard(MISSING)
        items, known = sorted(spoken), self.batch.shop.names
        ids = self.batch.items.ids_at(items)
        return {
            item: (str(item_id), known[item] if item < len(known) and known[item] else str(item_id))
            for item, item_id in zip(items, ids, strict=True)
        } | {MISSING: ("", "an item")}

    @cached_property
    def reasons(self) -> Reasons | None:
        one = self.batch.asked[0]
        explain = one.scenario.explain and one.question.explain
        return self.batch.reasons(self.shown, _REASONS) if explain else None

    def lines(self, row: int, chances: Sequence[float]) -> tuple[Line, ...]:
        """Best first; sources are named as the scenario names them."""
        items, scores = self.shown.items[row].tolist(), self.shown.scores[row].tolist()
        sources, names, via = self.shown.sources[row].tolist(), self.names, self.shown.names
        told = self._told(row, items, sources)
        return tuple(
            Line(names[item][0], rank + 1, score, self._called[source], *told[rank], chances[rank], via[source])
            for rank, (item, score, source) in enumerate(zip(items, scores, sources, strict=True))
            if item != MISSING
        )

    def asked(self, row: int, *, full: bool) -> tuple[str, ...]:
        """The sources that were asked for a row: down to the last that proposed something, all if the list is short."""
        rungs, owners = self.batch.ladder.rungs, self.batch.ladder.owners
        if not full:
            return tuple(dict.fromkeys(rung.name for rung in rungs))
        there = self.shown.items[row] != MISSING
        last = max((owners[s] for s in self.shown.sources[row][there].tolist() if s < len(owners)), default=-1)
        return tuple(dict.fromkeys(rung.name for rung in rungs[: last + 1]))

    @cached_property
    def _called(self) -> list[str]:
        """What the scenario calls each of the answer's sources."""
        rungs, owners = self.batch.ladder.rungs, self.batch.ladder.owners
        return [*(rungs[owner].name for owner in owners), *self.shown.names[len(owners) :]]

    @cached_property
    def _verbs(self) -> tuple[str, ...]:
        return verbs_of(self.batch.coding.kinds)

    def _told(self, row: int, items: list[int], sources: list[int]) -> list[tuple[str, tuple[Because, ...]]]:
        """The sentence and the reasons of each line."""
        reasons = self.reasons
        if reasons is None:
            return [("", ())] * len(items)
        whys, shares = reasons.items[row].tolist(), reasons.shares[row].tolist()
        features = [[reasons.names[f] if f != MISSING else "" for f in line] for line in reasons.features[row].tolist()]
        past = Row.of(self.batch.queries, row, chain(*whys), self._verbs)
        names, called, via, said = self.names, self._called, self.shown.names, dict[tuple[int, int, str, bool], str]()
        made = []
        for place, (item, source) in enumerate(zip(items, sources, strict=True)):
            why, feature = whys[place][0], features[place][0]
            alike = source, why, feature, item == why  # lines that say the same
            text = said.get(alike)
            if text is None:
                text = sentence(Told(called[source], via[source], item, why, names[why][1], feature), past)
                said[alike] = text
            made.append((text, because(past, names, (whys[place], features[place], shares[place]))))
        return made


def unknown(asked: Asked, batch: Batch) -> tuple[str, ...]:
    """The ids of a question that the catalog lacks."""
    question = asked.question
    done = (*(question.history or ()), *question.session)
    ids = (*(one.item_id for one in done), *question.basket, *(question.items or ()))
    if not ids:
        return ()
    places = batch.items.places(ids)
    return tuple(dict.fromkeys(one for one, place in zip(ids, places, strict=True) if place == MISSING))
