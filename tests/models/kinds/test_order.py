"""Walking down one order against the search through everybody's scores."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.core import MISSING, Allowed, excluding, ints
from regulars.models.kinds import order as order_module
from regulars.models.kinds.order import first_allowed


@st.composite
def rules(draw):
    n, m = draw(st.integers(0, 5)), draw(st.integers(0, 9))
    random = np.random.default_rng(draw(st.integers(0, 999)))
    allowed = Allowed()
    height = draw(st.sampled_from([0, 1, n]))
    if height:
        allowed = Allowed(random.random((height, draw(st.integers(0, 11)))) < draw(st.sampled_from([0.2, 0.8, 1.0])))
    if draw(st.booleans()):
        allowed = allowed & excluding([draw(st.lists(st.integers(-1, 11), max_size=6)) for _ in range(n)])
    return random.permutation(m)[: draw(st.integers(0, 9))].astype(np.int32), n, allowed


@given(rules(), st.integers(0, 11))
@settings(max_examples=200)
def test_it_is_the_head_of_what_is_left_of_the_order(given_rules, k):
    order, n, allowed = given_rules
    answer = first_allowed(order, n, k, allowed)
    permitted = allowed.dense(n, 10)
    for row in range(n):
        left = [item for item in order if permitted[row, item]][:k]
        assert answer[row].tolist() == left + [MISSING] * (k - len(left))


def test_blocks_of_customers_are_answered_like_one(monkeypatch):
    random = np.random.default_rng(0)
    order = random.permutation(30).astype(np.int32)
    allowed = excluding(random.integers(0, 30, size=(50, 6)).tolist())
    whole = first_allowed(order, 50, 7, allowed)
    monkeypatch.setattr(order_module, "_BLOCK", 40)
    np.testing.assert_array_equal(first_allowed(order, 50, 7, allowed), whole)


def test_an_empty_order_answers_nobody():
    assert (first_allowed(ints([]), 2, 3, excluding([[1], []])) == MISSING).all()
