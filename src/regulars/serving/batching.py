"""Batching: questions that wait at the same time are answered together; one that is alone does not wait for others."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from typing import NamedTuple

from regulars.core.errors import Overloaded

from .questions import Answer, Question

Answers = Callable[[Sequence[Question]], list[Answer]]
Promise = Future[Answer] | asyncio.Future[Answer]
Kept = list[tuple[asyncio.Future[Answer], Answer | Exception]]


class Waiting(NamedTuple):
    """A question, and who waits for its answer. loop: of an asyncio future, None for one of threads."""

    question: Question
    promise: Promise
    loop: asyncio.AbstractEventLoop | None = None

    def stays(self) -> bool:
        """Whether nobody gave up."""
        if isinstance(self.promise, Future):
            return self.promise.set_running_or_notify_cancel()
        return not self.promise.cancelled()


class Batcher:
    """One thread that takes everything that waits, at most `most` questions, and answers it by one call.

    waiting: how many may wait. A question that fails fails alone: the others of its batch are asked again one by one.
    """

    def __init__(self, answers: Answers, most: int = 64, waiting: int = 1_000) -> None:
        self._answers = answers
        self._most = most
        self._limit = waiting
        self._queue = SimpleQueue[Waiting | None]()
        self._closing = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="answers", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many questions wait now."""
        return self._queue.qsize()

    def submit(self, question: Question) -> Future[Answer]:
        """The answer as soon as it is there, for threads. Raises Overloaded when too many wait, or after `close`."""
        future: Future[Answer] = Future()
        self._put(Waiting(question, future))
        return future

    async def answer(self, question: Question) -> Answer:
        """The same for coroutines; who stops waiting cancels it."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        self._put(Waiting(question, future, loop))
        return await future

    def close(self, timeout: float = 10.0) -> None:
        """Answers what waits and stops."""
        with self._closing:
            self._closed = True
        self._queue.put(None)
        self._thread.join(timeout)

    def _put(self, one: Waiting) -> None:
        with self._closing:
            if self._closed:
                raise Overloaded("the service is closing; ask again in a moment")
            if self._queue.qsize() >= self._limit:
                raise Overloaded(f"{self._limit:,} questions wait already; ask again in a second")
            self._queue.put(one)

    def _work(self) -> None:
        while (first := self._queue.get()) is not None:
            taken = [first]
            while len(taken) < self._most and not self._queue.empty():
                further = self._queue.get()
                if further is None:
                    self._queue.put(None)  # for the next turn
                    break
                taken.append(further)
            if batch := [one for one in taken if one.stays()]:
                self._answer(batch)

    def _answer(self, batch: Sequence[Waiting]) -> None:
        try:
            answers = self._answers([one.question for one in batch])
        except Exception as error:
            if len(batch) == 1:
                _keep(batch, [error])
            else:
                for one in batch:
                    self._answer([one])
        else:
            _keep(batch, answers)


def _keep(batch: Sequence[Waiting], outcomes: Sequence[Answer | Exception]) -> None:
    """Keeps the promises, those of one loop by waking it once."""
    by_loop: dict[asyncio.AbstractEventLoop, Kept] = {}
    for (_, promise, loop), outcome in zip(batch, outcomes, strict=True):
        if loop is not None and isinstance(promise, asyncio.Future):
            by_loop.setdefault(loop, []).append((promise, outcome))
        else:
            _settle(promise, outcome)
    for loop, kept in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle_all, kept)


def _settle_all(kept: Kept) -> None:
    for promise, outcome in kept:
        if not promise.done():
            _settle(promise, outcome)


def _settle(promise: Promise, outcome: Answer | Exception) -> None:
    if isinstance(outcome, Exception):
        promise.set_exception(outcome)
    else:
        promise.set_result(outcome)
