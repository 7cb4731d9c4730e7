"""Rehearsing: a shop of a few items is opened and asked, so that all is compiled that a service needs beside models.

The counts of the live sources, rules, lists in the order of rules; and what models answer.

    python -m regulars.serving.rehearsing [FOLDER]      # of a version; says what is being compiled, line by line
"""

import logging
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from regulars.kernels.compiled import tell_what_is_compiled
from regulars.store import Event, open_store

from .loading import load_version
from .questions import Done, Question
from .warming import rehearse
from .wiring import Setup, open_service

_RULES: Final[dict[str, Any]] = {
    "where": "price < 90 and stock[store] > 0",
    "bury": "brand = 'b0'",
    "caps": {"brand": 2},
    "weights": {"price": 0.1},
    "diversity": {"by": "brand", "strength": 0.5},
    "shares": [{"where": "price < 50", "at_least": 0.1}, {"by": "brand", "at_most": 0.9}],
    "boosts": [{"where": "price < 10", "factor": 1.5}],
    "pins": [{"item": "i1", "slot": 1}],
}
_KINDS: Final = ("view", "cart", "purchase", "purchase")
_ITEMS, _CUSTOMERS, _TOGETHER = 12, 6, 8
_log = logging.getLogger(__name__)


def rehearse_service() -> None:
    """Opens the shop in a folder for passing files, asks all its scenarios, and leaves nothing behind."""
    with tempfile.TemporaryDirectory(prefix="regulars-") as folder:
        store = open_store(f"sqlite:///{folder}/shop.db")
        store.items.put({f"i{n}": {"price": 5 * n, "brand": f"b{n % 4}", "stock": {"s": n}} for n in range(_ITEMS)})
        store.events.append(_events(int(time.time())))
        scenarios = {"ruled": {"sources": ["similar", "trending", "popular"], "rules": _RULES, "explore": 0.1}}
        setup = Setup(store="", folder=Path(folder) / "models", scenarios=scenarios, context=("store",))
        service = open_service(setup, store)
        try:
            service.follower.catch_up()
            for name in service.scenarios:
                _ask(service.engine, name)
        finally:
            service.close()


def _events(now: int) -> list[Event]:
    return [
        Event(f"{user}-{n}", f"c{user}", f"i{(user + n) % _ITEMS}", kind, now - 60 * (n + 1), session=f"s{user}")
        for user in range(_CUSTOMERS)
        for n, kind in enumerate(_KINDS)
    ]


def _ask(engine: Any, scenario: str) -> None:
    """One question alone and some together, for whom something is known and for strangers."""
    context = {"store": "s"}
    known = Question(scenario=scenario, customer="c1", basket=("i2",), context=context)
    told = Question(scenario=scenario, history=(Done("i1", "view"), Done("i2", "purchase")), context=context)
    for questions in ([known], [told], [Question(scenario=scenario)], [known, told] * (_TOGETHER // 2)):
        try:
            engine.answer(questions)
        except Exception as error:
            _log.info("%s was not rehearsed: %s", scenario, error)


def main(folders: Sequence[str]) -> None:
    """Asks the models of versions, and a small shop, and says on the output what is compiled for that."""
    tell_what_is_compiled(lambda name: print(name, flush=True))
    for folder in folders:
        rehearse(load_version(Path(folder), thorough=False).deployment)
    rehearse_service()


if __name__ == "__main__":
    main(sys.argv[1:])
