"""Checking: what a question may say, before anything is asked; whoever calls is told what was wanted."""

import json
import math
import re
from collections.abc import Iterable
from typing import Final

from regulars.core.errors import QuestionError

from .questions import Done, Question

MOST: Final = 1_000  # items of one answer
LISTED: Final = 10_000  # items or events that one question may list
HEAVIEST: Final = 1e6  # weight of an event, beyond which float32 sums would tell nothing any more
VISITOR: Final = re.compile("v-[0-9a-f]{32}")  # as regulars.js draws them: nobody guesses one, nobody can be written to
_LAST: Final = 1 << 53  # seconds: times that JSON of any maker holds exactly


def check(question: Question) -> None:
    """Raises QuestionError for what cannot be asked."""
    if not 0 <= question.k <= MOST:
        raise QuestionError(f"k must be from 1 to {MOST:,}, or 0 for the scenario's own; it is {question.k}")
    if abs(question.at) > _LAST:
        raise QuestionError(f"at must be a time in seconds since 1970; it is {question.at}")
    for name in ("history", "session", "basket", "items"):
        listed = getattr(question, name)
        if listed is not None and len(listed) > LISTED:
            raise QuestionError(f"{name} may list {LISTED:,} at most; it lists {len(listed):,}")
    _check_events((*(question.history or ()), *question.session))
    _check_texts("customer", (question.customer,))
    if question.context:
        _check_texts("context", (json.dumps(dict(question.context), ensure_ascii=False, default=str),))


def _check_events(done: Iterable[Done]) -> None:
    for one in done:
        if abs(one.time) > _LAST:
            raise QuestionError(f"the time of an event must be in seconds since 1970; it is {one.time}")
        if not math.isfinite(one.weight) or abs(one.weight) > HEAVIEST:
            raise QuestionError(f"the weight of an event must lie within {HEAVIEST:,.0f}; it is {one.weight}")


def _check_texts(name: str, texts: Iterable[str]) -> None:
    for text in texts:
        if not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError as error:
                raise QuestionError(f"{name} must be text in Unicode; {text!r} has half a letter in it") from error
