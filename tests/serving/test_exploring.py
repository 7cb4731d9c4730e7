"""Exploring: the chances that are logged are those by which slots are drawn."""

import numpy as np
import pytest

from regulars.serving.exploring import drawn
from regulars.serving.questions import Question
from serving.shopping import Small


@pytest.mark.parametrize(
    ("k", "n", "share", "fixed"), [(4, 10, 0.3, ()), (4, 6, 0.5, ()), (5, 12, 1.0, (1,)), (5, 6, 0.7, (0, 3))]
)
def test_each_item_is_in_each_slot_as_often_as_its_chance_says(k: int, n: int, share: float, fixed: tuple[int, ...]):
    random, rounds = np.random.default_rng(1), 8_000
    counts, told = np.zeros((k, n)), np.full((k, n), np.nan)
    for _ in range(rounds):
        places, chances = drawn(k, n, share, random, fixed)
        assert len(set(places)) == k
        for slot, (place, chance) in enumerate(zip(places, chances, strict=True)):
            counts[slot, place] += 1
            assert np.isnan(told[slot, place]) or told[slot, place] == chance
            told[slot, place] = chance
    met = ~np.isnan(told)
    assert not counts[~met].any()
    errors = np.abs(counts / rounds - told)[met]
    assert errors.max() < 5 * np.sqrt(0.25 / rounds)
    np.testing.assert_allclose(np.nansum(told, axis=1), 1.0)
    assert all(told[slot, slot] == 1.0 for slot in fixed)


def test_nothing_is_drawn_where_nothing_may_be():
    random = np.random.default_rng(0)
    assert drawn(3, 9, 0.0, random).chances == [1.0, 1.0, 1.0]
    assert drawn(5, 3, 0.5, random).places == [0, 1, 2]


def test_a_scenario_that_explores_tells_the_chances_and_shows_no_item_twice(shop: Small):
    answers = shop.engine.answer([Question(scenario="drawn", customer="c1") for _ in range(400)])
    best = [line.item_id for line in shop.ask("als", customer="c1", k=4).lines]
    kept = [[line.item_id == best[slot] for slot, line in enumerate(answer.lines)] for answer in answers]
    assert 0.6 < np.mean(kept) < 0.8
    for answer in answers:
        assert len({line.item_id for line in answer.lines}) == 4
        for slot, line in enumerate(answer.lines):
            assert line.chance == pytest.approx(0.7 if line.item_id == best[slot] else 0.3 / 20)
