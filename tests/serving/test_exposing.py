"""Exposing: what was shown reaches the store, or is counted as lost; nobody waits for it."""

import time

from regulars.core.errors import BadRecord, StoreUnavailable
from regulars.serving.engine import Engine
from regulars.serving.exposing import Exposing
from regulars.serving.questions import Question
from regulars.store.records import Exposure
from serving.shopping import Small


def exposure(name: str) -> Exposure:
    return Exposure(name, "anna", "home", 5, ("a",), (1.0,), ("als",), (1.0,))


class Log:
    def __init__(self):
        self.away, self.kept = False, []

    def append(self, exposures):
        if self.away:
            raise StoreUnavailable("away")
        if any(one.exposure_id == "bad" for one in exposures):
            raise BadRecord("bad")
        self.kept += [one.exposure_id for one in exposures]


def test_what_was_put_is_written_in_order():
    log = Log()
    exposing = Exposing(log)
    exposing.put(exposure(str(n)) for n in range(2_500))
    assert exposing.flush()
    assert log.kept == [str(n) for n in range(2_500)]
    assert (exposing.written, exposing.lost, exposing.waiting) == (2_500, 0, 0)
    exposing.close()


def test_while_the_store_is_away_they_wait_up_to_the_bound():
    log = Log()
    log.away = True
    exposing = Exposing(log, waiting=10)
    started = time.perf_counter()
    exposing.put(exposure(str(n)) for n in range(15))
    assert time.perf_counter() - started < 0.5
    time.sleep(0.2)
    assert exposing.lost >= 5
    log.away = False
    exposing.close()
    assert log.kept == [str(n) for n in range(10)]
    assert exposing.lost == 5


def test_what_the_store_refuses_for_good_is_lost_alone():
    log = Log()
    exposing = Exposing(log)
    exposing.put(exposure(name) for name in ("a", "bad", "b"))
    assert exposing.flush()
    assert (log.kept, exposing.lost) == (["a", "b"], 1)
    exposing.close()


def test_the_log_says_what_was_shown_and_a_dry_run_leaves_no_trace(shop: Small):
    exposing = Exposing(shop.store.exposures)
    engine = Engine(shop.store, lambda: shop.shop, shop.scenarios, exposing=exposing)
    asked = [Question(scenario="als", customer="c1", context={"page": "home"}), Question(scenario="popular")]
    shown, stranger = engine.answer(asked)
    assert engine.answer([Question(scenario="als", customer="c1", dry_run=True)])[0].exposure_id == ""
    exposing.close()
    assert shop.store.exposures.count() == 2
    logged = shop.store.exposures.of(shown.exposure_id)
    assert (logged.items, logged.version) == (tuple(line.item_id for line in shown.lines), "v1")
    assert logged.chances == (1.0,) * 10
    assert logged.sources == ("als",) * 10
    assert logged.context == '{"page": "home"}'
    assert shop.store.exposures.of(stranger.exposure_id).user_id == ""
