"""Questions and their answers: every endpoint is a scenario."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from functools import partial
from typing import Annotated

import msgspec
from msgspec import Meta

from regulars.core.errors import NotYet

from ..calls import Call, Reply, told
from ..checking import VISITOR
from ..keys import allows
from ..limits import check_depth
from ..problems import Problem
from ..questions import Answer, Done, Line, Question, Reach
from ..schemas import Ask, Audience, Cursor, Did, Id, IdOrNone, K, Mark, Reached, Reason, Recommended, Shown, Text

FIRST = "home"  # the scenario of who names none
_EPOCH = date(1970, 1, 1)
READING_SECONDS = 5.0  # that a request waits for the customers to be read


class Wanted(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What may stand behind the question mark of every question."""

    k: K = 0
    cursor: Cursor = ""
    explain: bool = True
    dry_run: Annotated[bool, Meta(description="Nothing is logged.")] = False
    context: Annotated[
        dict[Mark, Text], Meta(description="Of the moment, as context[store]=12; read by models and rules.")
    ] = {}


class ForCustomer(Wanted, forbid_unknown_fields=True, kw_only=True):
    """Beside a product or a list of the whole shop: for whom, if that is known."""

    customer: Annotated[IdOrNone, Meta(description="Empty: a stranger.")] = ""


class AtPlace(Wanted, forbid_unknown_fields=True, kw_only=True):
    """Where it is shown, and with what in the cart."""

    scenario: Annotated[Mark, Meta(description="Of [scenarios.NAME] or a built-in one; empty: home.")] = ""
    basket: Annotated[list[Id], Meta(max_length=1_000, description="The cart, or the product on the page.")] = []


class BesideItem(ForCustomer, forbid_unknown_fields=True, kw_only=True):
    """The product on the page may come with more of the cart."""

    basket: Annotated[list[Id], Meta(max_length=1_000, description="Further products of the cart.")] = []


class Many(msgspec.Struct, forbid_unknown_fields=True):
    """How many customers, for which place."""

    k: Annotated[int, Meta(ge=1, le=10_000)] = 100
    cursor: Cursor = ""
    scenario: Annotated[Mark, Meta(description="Whose sources and rules count; empty: home.")] = ""
    context: Annotated[dict[Mark, Text], Meta(description="Of the moment, for rules.")] = {}


async def for_customer(call: Call) -> Reply:
    """GET /v1/recommend/{customer}."""
    query = call.query
    return await _answered(call, _question(query, query.scenario or FIRST, call.params[0], tuple(query.basket)))


async def asked(call: Call) -> Reply:
    """POST /v1/recommend and /v1/rerank."""
    body: Ask = call.body
    if call.key is not None and not allows(call.key, "read"):
        _check_page(body)
    check_depth(body.rules, "rules")
    question = Question(
        scenario=body.scenario or FIRST,
        customer=body.customer,
        history=None if body.history is None else _done(body.history),
        session=_done(body.session),
        basket=tuple(body.basket),
        items=None if body.items is None else tuple(body.items),
        context=body.context,
        rules=body.rules,
        k=body.k,
        cursor=body.cursor,
        explain=body.explain,
        at=body.at,
        dry_run=body.dry_run or call.query.dry_run,
    )
    return await _answered(call, question)


def of_customer(scenario: str) -> Callable[[Call], Awaitable[Reply]]:
    """GET /v1/SCENARIO/{customer}."""

    async def work(call: Call) -> Reply:
        return await _answered(call, _question(call.query, scenario, call.params[0]))

    return work


def of_item(scenario: str) -> Callable[[Call], Awaitable[Reply]]:
    """GET /v1/SCENARIO/{item}."""

    async def work(call: Call) -> Reply:
        basket = (call.params[0], *call.query.basket)
        return await _answered(call, _question(call.query, scenario, call.query.customer, basket))

    return work


def of_shop(scenario: str) -> Callable[[Call], Awaitable[Reply]]:
    """GET /v1/SCENARIO."""

    async def work(call: Call) -> Reply:
        return await _answered(call, _question(call.query, scenario, call.query.customer))

    return work


async def audience(call: Call) -> Reply:
    """Whom an item should be shown to; waits a little while the customers are read."""
    query, gone = call.query, threading.Event()
    wish = Reach(query.k, query.scenario or FIRST, query.context, query.cursor)
    work = partial(call.service.engine.audience, call.params[0], wish, stopped=gone.is_set)
    until = time.monotonic() + READING_SECONDS
    try:
        while True:
            try:
                found = await call.aside(work)
                break
            except NotYet:
                if time.monotonic() >= until:
                    raise
                await asyncio.sleep(0.1)
    finally:
        gone.set()  # who waited may have given up
    customers = [Reached(one.user_id, one.score, one.source) for one in found.reached]
    return told(Audience(call.params[0], customers, found.cursor, found.customers, found.history))


def _question(query: Wanted, scenario: str, customer: str, basket: tuple[str, ...] = ()) -> Question:
    return Question(
        scenario=scenario,
        customer=customer,
        basket=basket,
        context=query.context,
        k=query.k,
        cursor=query.cursor,
        explain=query.explain,
        dry_run=query.dry_run,
    )


def _check_page(body: Ask) -> None:
    """What everybody on the internet may ask with the key of a page. Raises Problem."""
    if body.customer and not VISITOR.fullmatch(body.customer):
        raise Problem(
            "not-allowed",
            "a key of the role page asks for visitors by the random id that regulars.js gave them, and not for "
            f"{body.customer!r}; ask for customers from the shop's server",
        )
    if told := [name for name in ("history", "rules", "items", "at") if getattr(body, name)]:
        raise Problem("not-allowed", f"with a key of the role page a question has no {' and no '.join(told)}")


async def _answered(call: Call, question: Question) -> Reply:
    if question.scenario not in call.service.scenarios:
        known = ", ".join(call.service.scenarios)
        raise Problem("not-found", f"there is no scenario {question.scenario!r}; the scenarios are {known}")
    call.service.engine.check(question)
    started = time.perf_counter()
    answer = await call.service.batcher.answer(question)
    call.metrics.stage("work", time.perf_counter() - started)
    call.metrics.answered(question.scenario, degraded=answer.degraded, short=bool(answer.short))
    _count(call, answer.lines)
    return told(_recommended(answer))


def _count(call: Call, lines: tuple[Line, ...]) -> None:
    sources = [line.source for line in lines]
    for source in dict.fromkeys(sources):
        call.metrics.shown(source, sources.count(source))


def _recommended(answer: Answer) -> Recommended:
    return Recommended(
        scenario=answer.question.scenario,
        customer=answer.question.customer,
        items=[_shown(line) for line in answer.lines],
        exposure_id=answer.exposure_id,
        version=answer.version,
        cursor=answer.cursor,
        asked=list(answer.asked),
        known=answer.known,
        unknown=list(answer.unknown),
        short=answer.short,
        degraded=answer.degraded,
    )


def _shown(line: Line) -> Shown:
    because = [Reason(*one) for one in line.because]
    told = Shown(line.item_id, line.rank, line.score, line.source, line.via, line.reason, because, line.chance)
    if line.expected is not None:
        told.probability, told.horizon_weeks, day = line.expected
        told.expected_date = None if day is None else _EPOCH + timedelta(days=day)
    return told


def _done(told: list[Did]) -> tuple[Done, ...]:
    return tuple(Done(one.item, one.kind, one.time, one.weight) for one in told)
