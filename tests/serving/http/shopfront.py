"""A small shop behind the real app: a store of its own, and an engine whose answers are known."""

import asyncio
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from types import SimpleNamespace

import httpx

from regulars.core.errors import RuleError, StoreUnavailable
from regulars.serving.app import app
from regulars.serving.gate import Access
from regulars.serving.limits import Limits
from regulars.serving.questions import Answer, Because, Line, Question, Reached, Reaching
from regulars.serving.versions import Versions
from regulars.store import open_store
from regulars.store.writing import Writer

SCENARIOS = ("home", "similar", "bought_together", "buy_again", "recently_viewed", "trending", "popular", "new")


class Engine:
    """Answers with the basket, the session and the history, newest first, then with what everybody gets."""

    def __init__(self, store):
        self.store = store
        self.asked: list[Question] = []
        self.forgotten: list[str] = []
        self.fails: Exception | None = None
        self.blocked = threading.Event()
        self.blocked.set()
        self.waiting = 0
        self.history = 500

    def check(self, question):
        if question.rules.get("where") == "wrong":
            raise RuleError("where: there is no field wrong")

    def submit(self, question):
        self.asked.append(question)
        future: Future[Answer] = Future()

        def work():
            self.blocked.wait(20)
            try:
                future.set_result(self.answered(question))
            except Exception as error:
                future.set_exception(error)

        threading.Thread(target=work, daemon=True).start()
        return future

    async def answer(self, question):
        return await asyncio.shield(asyncio.wrap_future(self.submit(question)))

    def answered(self, question):
        if self.fails:
            raise self.fails
        history: Sequence = question.history or ()
        if question.history is None and question.customer:
            history = [SimpleNamespace(item_id=e.item_id) for e in self.store.events.histories([question.customer])[0]]
        done = [one.item_id for one in (*history, *question.session)][::-1]
        ids = list(question.items or dict.fromkeys([*done, "a", "b", "c"]))[: question.k or 10]
        lines = tuple(
            Line(one, rank, 1.0 / rank, "fake", "because", (Because("x", share=1.0),))
            for rank, one in enumerate(ids, 1)
        )
        return Answer(question, lines, "v1", "exp-1", "next", ("fake",), bool(done))

    def audience(self, item_id, wish, *, stopped):
        return Reaching([Reached("c1", 0.5, "fake")][: wish.k], "", 1, 500)

    def forget(self, customer):
        self.forgotten.append(customer)


class Shopfront:
    """What stands behind the routes; `client` asks the app in this process."""

    def __init__(self, folder, *, access=Access(open=True), limits=Limits()):  # noqa: B008
        self.store = open_store(f"sqlite:///{folder / 'shop.db'}")
        self.engine = Engine(self.store)
        self.batcher = self.engine
        self.writer = Writer(self.store.events)
        self.exposing = SimpleNamespace(waiting=0, lost=0, flush=lambda timeout: True)
        self.versions = Versions(folder / "models", self.store.models)
        self.scenarios = dict.fromkeys(SCENARIOS)
        self.refreshed = 0
        self.runner = asyncio.Runner()
        self.app = app(self, access=access, limits=limits)

    def shop(self):
        return SimpleNamespace(deployment=SimpleNamespace(version="v1"))

    def ready(self):
        return True

    def problems(self):
        return {}

    def figures(self):
        return {"catalog_items": 3.0}

    def refresh(self):
        self.refreshed += 1

    def close(self):
        self.runner.close()
        self.writer.close()
        self.store.close()

    def ask(self, method, path, *, key="", **more):
        """One request to the app in this process; the answer."""
        headers = dict(more.pop("headers", {}))
        if key:
            headers["authorization"] = f"Bearer {key}"
        if isinstance(more.get("content"), bytes | str) and "content-type" not in headers:
            headers["content-type"] = "application/json"
        return self.runner.run(self._asked(method, path, headers=headers, **more))

    async def _asked(self, method, path, **more):
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            return await client.request(method, path, **more)


class Away:
    """A part of a store whose database does not answer."""

    def __getattr__(self, name):
        def fail(*args, **kwargs):
            raise StoreUnavailable("the database does not answer")

        return fail


def now():
    return int(time.time())
