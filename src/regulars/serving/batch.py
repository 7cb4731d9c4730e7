"""Batch: lists for every customer at once, for e-mail, through the same scenario that a page would ask."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import polars as pl

from regulars.core import QUIET, Frame, Progress, Run
from regulars.core.errors import StoreUnavailable
from regulars.store import Store

from .checking import VISITOR
from .engine import Engine
from .questions import Answer, Question

TOGETHER: Final = 2_000  # customers asked about at a time
_PATIENCE: Final = 60.0  # seconds that the log of exposures may take for them
_SCHEMA = {
    "user_id": pl.String,
    "item_id": pl.String,
    "rank": pl.Int32,
    "score": pl.Float32,
    "source": pl.String,
    "reason": pl.String,
    "exposure_id": pl.String,
}


def everybody(store: Store, size: int = TOGETHER) -> Iterator[list[str]]:
    """All customers who have an event, some at a time, in the order of their ids; the visitors of pages left out."""
    last = ""
    while found := store.events.users(last, size):
        last = found[-1]
        if known := [user for user in found if not VISITOR.fullmatch(user)]:
            yield known


def mailed(
    engine: Engine, question: Question, customers: Iterable[Sequence[str]], run: Run = QUIET, *, total: int = 0
) -> Iterator[Frame]:
    """The answers to `question` for each part of the customers: a row for each line, best first.

    What is shown is on the disk before the next part is asked about, if the engine logs it.
    total: customers that there are, for the progress. Raises StoreUnavailable.
    """
    done = 0
    for part in customers:
        run.on_epoch(Progress("recommend", done, max(total, done + len(part))))
        answers = engine.answer([_for(question, customer) for customer in part])
        if engine.exposing is not None and not engine.exposing.flush(_PATIENCE):
            raise StoreUnavailable("what was shown cannot be written; the lists so far are good, ask again later")
        yield rows_of(answers)
        done += len(part)
    run.on_epoch(Progress("recommend", done, max(done, 1)))


def rows_of(answers: Sequence[Answer]) -> Frame:
    """One row for each line: user_id, item_id, rank, score, source, reason, exposure_id."""
    rows = [
        (
            answer.question.customer,
            line.item_id,
            line.rank,
            line.score,
            line.source,
            line.reason,
            answer.exposure_id,
        )
        for answer in answers
        for line in answer.lines
    ]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _for(question: Question, customer: str) -> Question:
    """The same question about another customer; replace() of a dataclass takes thrice as long."""
    return Question(
        scenario=question.scenario,
        customer=customer,
        context=question.context,
        rules=question.rules,
        k=question.k,
        explain=question.explain,
        at=question.at,
        dry_run=question.dry_run,
    )
