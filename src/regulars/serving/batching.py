"""Batching: questions that wait at the same time are answered together; one that is alone does not wait for others."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from regulars.core.errors import Overloaded

from .questions import Answer, Question

Answers = Callable[[Sequence[Question]], list[Answer]]


class Batcher:
    """One thread that takes everything that waits, at most `most` questions, and answers it by one call.

    waiting: how many may wait. A question that fails fails alone: the others of its batch are asked again one by one.
    """

    def __init__(self, answers: Answers, most: int = 64, waiting: int = 1_000) -> None:
        self._answers = answers
        self._most = most
        self._limit = waiting
        self._queue: deque[tuple[Question, Future[Answer]]] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="answers", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many questions wait now."""
        return len(self._queue)

    def submit(self, question: Question) -> Future[Answer]:
        """The answer as soon as it is there. Raises Overloaded when too many wait, or after `close`."""
        future: Future[Answer] = Future()
        with self._changed:
            if self._closed:
                raise Overloaded("the service is closing; ask again in a moment")
            if len(self._queue) >= self._limit:
                raise Overloaded(f"{self._limit:,} questions wait already; ask again in a second")
            self._queue.append((question, future))
            self._changed.notify()
        return future

    def close(self, timeout: float = 10.0) -> None:
        """Answers what waits and stops."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(timeout)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._closed)
                if not self._queue:
                    return
                taken = [self._queue.popleft() for _ in range(min(self._most, len(self._queue)))]
            batch = [(question, future) for question, future in taken if future.set_running_or_notify_cancel()]
            if batch:
                self._answer(batch)

    def _answer(self, batch: list[tuple[Question, Future[Answer]]]) -> None:
        try:
            answers = self._answers([question for question, _ in batch])
        except Exception as error:
            if len(batch) == 1:
                batch[0][1].set_exception(error)
                return
            for one in batch:
                self._answer([one])
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            future.set_result(answer)
