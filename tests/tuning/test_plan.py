"""Who gets the next trial: everybody a few, then by promise."""

import math

import pytest

from regulars.core.errors import SettingError
from regulars.tuning import Plan
from regulars.tuning.plan import whose_turn


def turns(best, n, first=1):
    made = dict.fromkeys(best, 0)
    for _ in range(n):
        made[whose_turn(best, made, first)] += 1
    return made


def test_everybody_has_a_first_turn_in_their_order():
    best, made = {"a": math.nan, "b": 0.3, "c": 0.1}, {"a": 1, "b": 0, "c": 0}
    assert whose_turn(best, made, 1) == "b"
    assert turns(best, 12, first=4) == {"a": 4, "b": 4, "c": 4}


def test_half_as_good_gets_a_sixteenth_of_the_trials():
    made = turns({"good": 0.4, "half": 0.2}, 340)
    assert made["good"] / made["half"] == pytest.approx(16, rel=0.1)


def test_who_could_not_be_measured_gets_nothing_more_as_long_as_anybody_could():
    assert turns({"none": math.nan, "good": 0.1}, 50) == {"none": 1, "good": 49}
    assert turns({"none": math.nan, "zero": 0.0}, 50)["zero"] == 49


def test_fifteen_trials_each_unless_trials_or_minutes_are_given():
    assert Plan().most(4) == 60
    assert Plan(trials=7).most(4) == 7
    assert Plan(minutes=2.0).most(4) == math.inf
    assert Plan(trials=7, minutes=2.0).most(4) == 7


def test_an_unknown_kind_of_search_is_refused():
    with pytest.raises(SettingError, match="search must be one of 'bayes', 'grid'; it is 'random'"):
        Plan(search="random")
