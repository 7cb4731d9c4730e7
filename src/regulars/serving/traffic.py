"""Traffic: which version answers whom, and the one that answers in the shadow."""

import hashlib
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from .deployment import Deployment
from .questions import Question
from .shop import Shop

CANARY, SHADOW = "canary", "shadow"  # arms of the log of exposures
_MOST = 64  # questions that the shadow answers together
_log = logging.getLogger(__name__)


def answering(shop: Shop, customer: str) -> tuple[Deployment | None, str]:
    """The version that answers a customer, always the same one, and its arm: "canary", or "" for everybody else.

    Strangers get the live one.
    """
    canary = shop.canary
    if canary is not None and customer and drawn(canary.deployment.version, customer) < canary.share:
        return canary.deployment, CANARY
    return shop.deployment, ""


def drawn(version: str, customer: str) -> float:
    """A number from 0 to 1 for a customer, uniform over customers and independent from version to version."""
    digest = hashlib.blake2b(f"{version}\x00{customer}".encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2.0**64


class Shadow:
    """Has a version that nobody sees answer the same questions, in a thread of its own; its answers are only logged.

    answer: called with questions, deployment= and arm="shadow". What does not fit into the queue is dropped, so that
    the shadow costs the visible answers nothing but the processor. `answered` and `dropped` count.
    """

    def __init__(self, answer: Callable[..., Any], shop: Callable[[], Shop], *, waiting: int = 256) -> None:
        self._answer, self._shop = answer, shop
        self._waiting: queue.Queue[Question | None] = queue.Queue(waiting)
        self.answered = self.dropped = 0
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="regulars-shadow", daemon=True)
        self._thread.start()

    def offer(self, questions: Sequence[Question]) -> None:
        """Takes what fits into the queue; never waits."""
        if self._shop().shadow is None or self._closed:
            return
        for question in questions:
            if question.dry_run:
                continue
            try:
                self._waiting.put_nowait(question)
            except queue.Full:
                self.dropped += 1

    def close(self) -> None:
        """Ends after the questions at hand; what waits behind them is dropped."""
        self._closed = True
        with suppress(queue.Full):  # the thread looks at `_closed` after each batch
            self._waiting.put_nowait(None)
        self._thread.join(10)

    def _work(self) -> None:
        while not self._closed:
            questions = self._batch()
            deployment = self._shop().shadow
            if not questions or deployment is None:
                continue
            try:
                self._answer(questions, deployment=deployment, arm=SHADOW)
                self.answered += len(questions)
            except Exception:
                self.dropped += len(questions)
                _log.exception("version %s failed in the shadow", deployment.version)

    def _batch(self) -> list[Question]:
        """The next questions, once there is one."""
        found = [self._waiting.get()]
        while len(found) < _MOST:
            try:
                found.append(self._waiting.get_nowait())
            except queue.Empty:
                break
        return [question for question in found if question is not None]
