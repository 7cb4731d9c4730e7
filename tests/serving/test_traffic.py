"""Traffic: a customer belongs to the same arm always, the shares are true, the shadow is logged and never seen."""

import threading
import time

import polars as pl
import pytest

from regulars.core import Vocabulary
from regulars.ranking.rules import Catalog
from regulars.serving.deployment import Deployment
from regulars.serving.questions import Question
from regulars.serving.shop import Canary, Shop
from regulars.serving.traffic import Shadow, answering, drawn

ITEMS = Vocabulary.of(["a"])
LIVE, OTHER = Deployment("v1", ITEMS, {}), Deployment("v2", ITEMS, {})


def shop(share=0.0, *, shadow=None):
    canary = Canary(OTHER, share) if share else None
    return Shop(Catalog.of(pl.DataFrame(), ITEMS), LIVE, canary, shadow)


def test_a_canary_answers_exactly_those_whose_number_is_below_its_share():
    customers = [f"c{n}" for n in range(2000)]
    half = shop(0.3)
    answered = {customer: answering(half, customer) for customer in customers}
    for customer, (deployment, arm) in answered.items():
        assert (deployment is OTHER) == (drawn("v2", customer) < 0.3) == (arm == "canary")
    share = sum(arm == "canary" for _, arm in answered.values()) / len(customers)
    assert abs(share - 0.3) < 0.04  # four standard deviations of 2,000 draws


def test_who_is_in_a_small_share_is_in_a_larger_one():
    small = {n for n in range(1000) if answering(shop(0.1), f"c{n}")[1]}
    large = {n for n in range(1000) if answering(shop(0.2), f"c{n}")[1]}
    assert small < large


def test_another_version_draws_other_customers():
    both = sum(drawn("v2", f"c{n}") < 0.1 and drawn("v3", f"c{n}") < 0.1 for n in range(4000))
    assert both < 80  # 40 are expected of independent draws, 400 of equal ones


def test_all_and_none_are_shares_too():
    assert all(answering(shop(1.0), f"c{n}")[1] == "canary" for n in range(500))
    assert all(answering(shop(), f"c{n}") == (LIVE, "") for n in range(500))


@pytest.mark.parametrize("customer", ["", "\x00", "ü", "\ud800", "x" * 10_000])
def test_strange_customers_are_answered(customer):
    deployment, arm = answering(shop(0.5), customer)
    assert deployment is (OTHER if arm else LIVE)


def test_strangers_get_what_is_live():
    assert answering(shop(1.0), "") == (LIVE, "")


def test_the_shadow_gets_the_questions_and_its_arm():
    seen, done = [], threading.Event()

    def answer(questions, *, deployment, arm):
        seen.extend((question.customer, deployment.version, arm) for question in questions)
        done.set()

    shadow = Shadow(answer, lambda: shop(shadow=OTHER))
    shadow.offer([Question(scenario="home", customer="c1"), Question(scenario="home", customer="c2", dry_run=True)])
    assert done.wait(5)
    shadow.close()
    assert seen == [("c1", "v2", "shadow")]
    assert shadow.answered == 1


def test_without_a_shadow_nothing_is_kept():
    shadow = Shadow(lambda *_, **__: pytest.fail("asked"), shop)
    shadow.offer([Question(scenario="home")] * 10)
    assert shadow.dropped == 0
    shadow.close()


def test_what_the_shadow_cannot_take_is_dropped_and_counted():
    release = threading.Event()

    def answer(questions, **_):
        release.wait(5)

    shadow = Shadow(answer, lambda: shop(shadow=OTHER), waiting=4)
    begun = time.monotonic()
    for _ in range(100):
        shadow.offer([Question(scenario="home", customer="c")])
    assert time.monotonic() - begun < 1
    assert 90 <= shadow.dropped <= 96
    release.set()
    shadow.close()


def test_a_shadow_that_fails_is_counted_and_goes_on(caplog):
    calls = []

    def answer(questions, **_):
        calls.append(len(questions))
        if len(calls) == 1:
            raise ValueError("a broken model")

    shadow = Shadow(answer, lambda: shop(shadow=OTHER))
    for wanted in (1, 2):
        shadow.offer([Question(scenario="home", customer="c")])
        end = time.monotonic() + 5
        while len(calls) < wanted and time.monotonic() < end:
            time.sleep(0.005)
    shadow.close()
    assert (len(calls), shadow.dropped, shadow.answered) == (2, 1, 1)
    assert "failed in the shadow" in caplog.text
