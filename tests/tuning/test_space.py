"""Where a setting is searched: its legal range, what the shop says of it, the ends that stand for 0 and infinity."""

import math
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.core import Settings, ranges, setting
from regulars.core.errors import SettingError
from regulars.models import ALS, METHODS, ItemKNN
from regulars.tuning import Space
from regulars.tuning.space import Axis


@dataclass(frozen=True)
class Knobs(Settings):
    """One of each kind."""

    width: int = setting(64, low=4, high=4096, log=True)
    passes: int = setting(3, low=1, high=9)
    share: float = setting(0.5, low=0.0, high=1.0)
    shrinkage: float = setting(0.0, low=0.0, high=1_000.0)
    ridge: float = setting(0.1, low=1e-3, high=10.0, log=True)
    half_life_days: float = setting(math.inf, low=0.1, log=True)
    rule: str = setting("log", choices=("log", "count", "binary"))
    centered: bool = setting(False)
    column: str = setting("free text")


def axes(days=100.0, **narrowed):
    return {axis.name: axis for axis in Space(Knobs(), narrowed).axes(days)}


def test_a_space_is_read_from_the_ranges_of_the_settings():
    found = axes()
    assert list(found) == [name for name in ranges(Knobs) if name != "column"]
    assert found["passes"] == Axis("passes", 1, 9, whole=True)
    assert found["share"] == Axis("share", 0, 1)
    assert found["ridge"] == Axis("ridge", 1e-3, 10, log=True)
    assert found["rule"].choices == ("log", "count", "binary")
    assert found["centered"].choices == (False, True)


def test_a_width_is_searched_up_to_eight_times_where_it_begins():
    assert axes()["width"] == Axis("width", 4, 512, log=True, whole=True)
    assert axes(width=[4, 4096])["width"] == Axis("width", 4, 4096, log=True, whole=True)


def test_a_half_life_is_searched_up_to_twice_the_log_and_never_is_the_end_of_its_scale():
    axis = axes(days=50)["half_life_days"]
    assert (axis.low, axis.high, axis.never) == (0.1, 100.0, True)
    assert axis.value(axis.top) == math.inf
    assert axis.value(axis.high) == 100.0
    assert axis.point(math.inf) == axis.top > axis.high
    assert axis.levels(3) == [0.1, 3.162, 100.0, math.inf]


def test_in_a_log_without_times_no_half_life_is_searched():
    assert "half_life_days" not in axes(days=0.0)


def test_a_range_from_zero_to_many_is_searched_by_orders_of_magnitude_with_zero_as_its_end():
    axis = axes()["shrinkage"]
    assert (axis.zero, axis.log) == (True, True)
    assert axis.value(axis.bottom) == 0.0
    assert axis.point(0.0) == axis.bottom < axis.low == 0.01
    assert axis.levels(2) == [0.0, 0.01, 1000.0]


@given(st.data())
def test_every_point_between_the_ends_gives_a_legal_value_and_every_value_has_a_point(data):
    for name, axis in axes().items():
        if axis.choices:
            continue
        drawn = st.integers(round(axis.bottom), round(axis.top)) if axis.whole else st.floats(axis.bottom, axis.top)
        value = axis.value(data.draw(drawn))
        assert axis.holds(value)
        Knobs(**{name: value})
        assert axis.value(axis.point(value)) == pytest.approx(value, rel=1e-3)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_can_be_searched_and_begins_with_itself(name):
    space = Space(METHODS[name]())
    found = list(space.axes(365.0))
    assert space.at(space.start()) == space.method
    assert all(axis.holds(space.start()[axis.name]) for axis in found)
    for axis in found:
        for value in axis.levels(3):
            space.at({axis.name: value})


def test_a_range_is_narrowed_to_two_ends_some_values_or_one():
    found = axes(width=[8, 32], rule=["log", "count"], passes=[1, 2, 5], share=0.25, ridge=[1])
    assert (found["width"].low, found["width"].high) == (8, 32)
    assert found["rule"].choices == ("log", "count")
    assert found["passes"].choices == (1, 2, 5)
    assert "share" not in found
    assert "ridge" not in found
    start = Space(Knobs(), {"width": [8, 32], "share": 0.25, "ridge": [1], "half_life_days": [5, 10]}).start()
    assert (start["width"], start["share"], start["ridge"], start["half_life_days"]) == (32, 0.25, 1.0, 10.0)


def test_settings_that_are_held_stay_unless_they_are_narrowed():
    assert "width" not in {axis.name for axis in Space(Knobs(), held=("width",)).axes(1)}
    assert "width" in {axis.name for axis in Space(Knobs(), {"width": [8, 16]}, held=("width",)).axes(1)}


@pytest.mark.parametrize(
    ("narrowed", "said"),
    [
        ({"widht": [1, 2]}, "Knobs has no setting widht; did you mean width? It has width, passes"),
        ({"width": [2, 64]}, "Knobs: width must be from 4 to 4096; the range to search holds 2"),
        ({"width": [64, 64.5]}, "width must be from 4 to 4096; the range to search holds 64.5"),
        ({"width": [64, 32]}, "width is searched from low to high; it is from 64 to 32"),
        ({"width": []}, "no value is left for width; give one at least, or two to search between"),
        ({"rule": ["log", "ln"]}, "rule must be one of 'log', 'count', 'binary'; the range to search holds 'ln'"),
        ({"rule": 3}, "the range to search holds 3"),
        ({"share": ["a", "b"]}, "share must be from 0.0 to 1.0; the range to search holds 'a'"),
    ],
)
def test_a_range_that_no_trial_can_satisfy_is_refused(narrowed, said):
    with pytest.raises(SettingError) as caught:
        Space(Knobs(), narrowed)
    assert said in str(caught.value)


def test_a_method_whose_settings_were_chosen_keeps_them_as_its_beginning():
    space = Space(ALS(factors=32, half_life_days=20.0))
    assert space.start()["factors"] == 32
    assert space.start()["half_life_days"] == 20.0
    assert next(axis for axis in space.axes(10) if axis.name == "factors").high == 256
    assert Space(ItemKNN()).at({"shrinkage": 5.0}) == ItemKNN(shrinkage=5.0)
