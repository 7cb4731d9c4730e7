"""The grid: every combination once, in a random order."""

import pytest

from regulars.core.errors import SettingError
from regulars.evaluation.cost import NOTHING
from regulars.tuning import State, Trial
from regulars.tuning.grid import Grid
from regulars.tuning.space import Axis

AXES = (Axis("a", 0, 1), Axis("b", 1, 100, log=True, whole=True), Axis("c", choices=("x", "y")))


def asked(grid):
    found = []
    while (point := grid.ask()) is not None:
        found.append(point)
    return found


def test_every_combination_comes_once():
    found = asked(Grid(AXES, 3, seed=0))
    assert len(found) == 3 * 3 * 2 == len({tuple(point.values()) for point in found})
    assert {point["b"] for point in found} == {1, 10, 100}
    assert {point["a"] for point in found} == {0.0, 0.5, 1.0}
    assert found != asked(Grid(AXES, 3, seed=1))
    assert found == asked(Grid(AXES, 3, seed=0))


def test_what_was_tried_before_does_not_come_again():
    first, *rest = asked(Grid(AXES, 3, seed=0))
    grid = Grid(AXES, 3, seed=0)
    grid.tell(Trial(0, "m", {**first, "other": 1}, State.DONE, 0.5, {1.0: 0.5}, NOTHING))
    assert asked(grid) == rest


def test_a_grid_that_is_too_large_is_refused():
    many = [Axis(f"s{n}", 0, 1) for n in range(8)]
    with pytest.raises(SettingError, match="a grid of 100,000,000 combinations is too large; search fewer of s0, s1"):
        Grid(many, 10, seed=0)
