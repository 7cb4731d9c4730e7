"""Engine: questions of a shop become answers, alone or thousands at a time, and it makes no difference which."""

import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import count
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from regulars.core import Frame, Recommendations
from regulars.core.errors import StoreUnavailable, UnknownId
from regulars.data.kinds import weights as weights_of
from regulars.ranking.rules import Rules
from regulars.store.protocols import Store
from regulars.store.records import Exposure

from .asking import Asked, Batch
from .audiences import Audiences
from .checking import MOST, check
from .cursor import Cursors
from .deployment import Deployment
from .exposing import Exposing
from .framing import framed
from .histories import Past, Reader, told
from .ladder import Failures
from .ladders import Ladders
from .questions import Answer, Question, Reach, Reaching
from .scenarios import Scenario
from .shop import Shop
from .telling import Telling, unknown
from .traffic import answering

_TOGETHER: Final = 1_024  # questions answered by one call of the models
_PAGES: Final = 2_000  # items that a cursor remembers; the pages end there


class Engine:
    """Answers questions from what the store and the shop know at the moment.

    shop: gives the snapshot to answer from; each call of `answer` keeps the one that it began with. exposing: takes
    what was shown; None logs nothing. history: events of a customer that are looked at. weights: of the kinds of
    events, where a version does not say. secret: signs cursors; the same for all replicas. Safe to call from threads.
    """

    def __init__(
        self,
        store: Store,
        shop: Callable[[], Shop],
        scenarios: Mapping[str, Scenario],
        *,
        exposing: Exposing | None = None,
        history: int = 500,
        weights: Mapping[str, float] | None = None,
        secret: bytes = b"",
        seed: int = 0,
    ) -> None:
        self.scenarios = scenarios
        self.exposing, self.history = exposing, history
        self._store, self._shop = store, shop
        self._reader = Reader(store.events, history)
        self._cursors = Cursors(secret)
        self._ladders = Ladders(weights_of(weights or {}))
        self.audiences = Audiences(
            store, shop, scenarios, ladders=self._ladders, cursors=self._cursors, history=history
        )
        self._name, self._number = secrets.token_hex(8), count(1)  # of exposures: no two engines share a name
        self._random = np.random.default_rng(seed)
        self._drawing = threading.Lock()

    def answer(
        self, questions: Sequence[Question], *, deployment: Deployment | None = None, arm: str = ""
    ) -> list[Answer]:
        """The answer to each question. deployment: answers instead of those that are live; arm: what the log says then.

        Raises QuestionError, UnknownId (no such scenario), RuleError: for the first question that is at fault.
        """
        shop, now = self._shop(), int(time.time())
        answers: list[Answer] = []
        for start in range(0, len(questions), _TOGETHER):
            part = questions[start : start + _TOGETHER]
            answers += self._answered(self._asked(part, now, self._reader), shop, (deployment, arm))
        return answers

    def check(self, question: Question) -> Scenario:
        """The scenario of a question. Raises UnknownId for one that is not there, QuestionError for what cannot be."""
        scenario = self.scenarios.get(question.scenario)
        if scenario is None:
            raise UnknownId(f"there is no scenario {question.scenario!r}; there are {', '.join(self.scenarios)}")
        check(question)
        return scenario

    def audience(self, item_id: str, wish: Reach, *, stopped: Callable[[], object] = bool) -> Reaching:
        """The customers with events whom an item suits best, as the personal sources of a scenario score it.

        `stopped` is asked now and then, and ends it. Raises UnknownId for an item that the catalog lacks, QuestionError
        for what cannot be asked, NotYet while the customers are read, Interrupted.
        """
        self.check(Question(scenario=wish.scenario, context=wish.context))
        return self.audiences.of(item_id, wish, stopped=stopped)

    @property
    def failures(self) -> Failures:
        """What went wrong in sources; the next one of the ladder answered."""
        return self._ladders.failures

    def forget(self, customer: str) -> None:
        """Drops what is remembered of a customer."""
        self._reader.forget(customer)
        self.audiences.crowd.forget(customer)

    def remembered(self) -> set[str]:
        """The customers of whom anything is remembered."""
        return {*self._reader.known(), *self.audiences.crowd.known()}

    def forget_all(self) -> None:
        """Drops what is remembered of everybody: another state of the store is there."""
        self._reader.forget_all()
        self.audiences.crowd.forget_all()

    def _asked(self, questions: Sequence[Question], now: int, reader: Reader) -> list[Asked]:
        scenarios = [self.check(question) for question in questions]
        shown = [self._cursors.read(question.cursor, _about(question)) for question in questions]
        pasts = reader.of(questions)
        return [
            Asked(
                place,
                question,
                scenario,
                _length(question, scenario),
                question.at or now,
                shown[place],
                Past(told(pasts[place], question, now), pasts[place].degraded),
            )
            for place, (question, scenario) in enumerate(zip(questions, scenarios, strict=True))
        ]

    def _answered(self, asked: Sequence[Asked], shop: Shop, given: tuple[Deployment | None, str]) -> list[Answer]:
        """Group by group: what has the same scenario, version, rules and wishes is asked about together."""
        groups: dict[_Alike, list[Asked]] = {}
        versions: dict[int, tuple[Deployment | None, str]] = {}
        for one in asked:
            version = given if given[0] is not None else answering(shop, one.question.customer)
            versions[id(version[0])] = version
            groups.setdefault(_Alike.of(one, id(version[0])), []).append(one)
        answers: dict[int, Answer] = {}
        for alike, group in groups.items():
            deployment, arm = versions[alike.version]
            batch = self._batch(group, shop, deployment, alike.wishes)
            for one, answer in zip(group, self._told(batch, arm), strict=True):
                answers[one.place] = answer
        return [answers[one.place] for one in asked]

    def _batch(self, asked: Sequence[Asked], shop: Shop, deployment: Deployment | None, wishes: str) -> Batch:
        scenario = asked[0].scenario
        ladder, coding = self._ladders.of(scenario, shop, deployment)
        bound = self._ladders.bound(scenario, shop, coding)
        context = framed([one.question.context for one in asked], deployment.context if deployment else {}, others=True)
        if wishes:
            own = _wished(wishes)
            own.check(shop.catalog, context=tuple(context.columns))
            bound = scenario.rules.merged(own).bound(shop.catalog, coding.kinds)
        about = [name for scope, name in bound.variables if scope == "customer"]
        return Batch(
            asked,
            shop,
            deployment,
            ladder,
            bound,
            coding,
            self._attributes(asked, {**dict.fromkeys(about), **(deployment.attributes if deployment else {})}),
            context,
        )

    def _attributes(self, asked: Sequence[Asked], schema: Mapping[str, pl.DataType | None]) -> Frame:
        """What the store knows of the customers, as far as the models of this version or the rules look at it."""
        if not schema:
            return _NO_FRAME
        try:
            found = self._store.customers.get([one.question.customer for one in asked])
        except StoreUnavailable:
            found = [None] * len(asked)
        return framed([one.fields if one is not None else {} for one in found], schema)

    def _told(self, batch: Batch, arm: str) -> list[Answer]:
        wide, k = batch.answer, batch.asked[0].k
        with self._drawing:
            draws = [batch.draw(row, self._random) for row in range(len(wide))]
        if batch.others:
            wide = _picked(wide, [draw.places for draw in draws], k)
        telling = Telling(batch, wide)
        answers = [self._row(telling, row, draw.chances) for row, draw in enumerate(draws)]
        self._expose(answers, batch, arm)
        return answers

    def _row(self, telling: Telling, row: int, chances: Sequence[float]) -> Answer:
        batch = telling.batch
        one, question = batch.asked[row], batch.asked[row].question
        lines = telling.lines(row, chances)
        full = len(lines) == one.k
        asked = telling.asked(row, full=full)
        return Answer(
            question,
            lines,
            batch.deployment.version if batch.deployment else "",
            "" if question.dry_run or not lines or self.exposing is None else f"{self._name}{next(self._number):x}",
            self._cursor(one, [line.item_id for line in lines]) if full else "",
            asked,
            bool(batch.queries.history.lengths[row]),
            unknown(one, batch),
            "" if full else _short(len(lines), batch.room(row), asked),
            one.past.degraded,
        )

    def _cursor(self, one: Asked, ids: list[str]) -> str:
        if one.question.items is not None or len(one.shown) + len(ids) >= _PAGES:
            return ""
        return self._cursors.written((*one.shown, *ids), _about(one.question))

    def _expose(self, answers: Sequence[Answer], batch: Batch, arm: str) -> None:
        if self.exposing is not None:
            self.exposing.put(
                _exposure(answer, one.moment, arm)
                for answer, one in zip(answers, batch.asked, strict=True)
                if answer.exposure_id
            )


class _Alike(NamedTuple):
    """What questions that are asked together have in common. version: the id of its object; wishes: rules, as JSON."""

    scenario: str
    version: int
    k: int
    explain: bool
    items: tuple[str, ...] | None
    wishes: str

    @classmethod
    def of(cls, asked: Asked, version: int) -> "_Alike":
        question = asked.question
        wishes = json.dumps(question.rules, sort_keys=True, default=str) if question.rules else ""
        return cls(asked.scenario.name, version, asked.k, question.explain, question.items, wishes)


_NO_FRAME = framed([], {})


@lru_cache(128)
def _wished(text: str) -> Rules:
    return Rules.of(json.loads(text), "")


def _about(question: Question) -> str:
    return f"{question.scenario}\0{question.customer}"


def _length(question: Question, scenario: Scenario) -> int:
    if question.items is not None:
        return min(question.k or MOST, len(question.items), MOST) or 1
    return question.k or scenario.k


def _picked(answer: Recommendations, places: Sequence[Sequence[int]], k: int) -> Recommendations:
    """The drawn places of each row."""
    picked = Recommendations.none(len(answer), k)
    for row, chosen in enumerate(places):
        for name in ("items", "scores", "sources"):
            getattr(picked, name)[row, : len(chosen)] = getattr(answer, name)[row, list(chosen)]
    return replace(picked, names=answer.names)


def _short(found: int, allowed: int, asked: Sequence[str]) -> str:
    if found >= allowed:
        return f"only {allowed:,} item{'s' * (allowed > 1)} may be shown" if allowed else "no item may be shown"
    who = ", ".join(asked) or "no source"
    return f"{who} can tell of no more than {found:,} of the {allowed:,} items that may be shown"


def _exposure(answer: Answer, moment: int, arm: str) -> Exposure:
    question, lines = answer.question, answer.lines
    items, _, scores, sources, _, _, chances, *_ = zip(*lines, strict=True)
    return Exposure(
        answer.exposure_id,
        question.customer,
        question.scenario,
        moment,
        items,
        scores,
        sources,
        chances,
        answer.version,
        arm,
        json.dumps(question.context, default=str) if question.context else "",
    )
